import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import type { GeneratedExample, GradedCase } from "../corpora/corpus.ts";
import { spacedJson } from "../spaced_json.ts";
import { callText, type RequestedCall, toToolCall } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import { type AnswerKey, areSameCalls, isRightAnswer } from "./grade.ts";
import type { NoToolTurn } from "./no_tool_turns.ts";
import { isValidCall, parseCalls } from "./parse_calls.ts";

/** Writes a chat with tools down, turn by turn. Every turn that is learned becomes a case too. */
export class ToolChat {
  readonly #messages: ChatMessage[] = [];
  readonly #notLearned: number[] = [];
  readonly #cases: GradedCase[] = [];

  constructor(readonly tools: ToolDefinition[]) {}

  /**
   * About how many tokens the chat has, with its signatures and the chat template's own words, for a small tokenizer that
   * knows the corpus and the pieces of JSON in it; the true number is rarely more than 10% higher.
   */
  get tokens(): number {
    let pieces = TEMPLATE_TOKENS;
    for (const tool of this.tools) pieces += signaturePieces(tool);
    for (const { content, tool_calls = [] } of this.#messages) {
      pieces += TURN_TOKENS + piecesOf(String(content));
      for (const call of tool_calls) pieces += piecesOf(spacedJson(call.function));
    }
    return pieces;
  }

  /** Whether the user said exactly this before. */
  hasAsked(question: string): boolean {
    return this.#messages.some(({ role, content }) => role === "user" && content === question);
  }

  /** The system message; it comes first. */
  system(content: string): void {
    this.#messages.push({ role: "system", content });
  }

  /** A user's message that is answered without a tool. */
  withoutTool({ question, reply, key }: NoToolTurn): void {
    this.#messages.push({ role: "user", content: question });
    const known = this.#known();
    this.#case(reply, (text) => ({
      no_tool: score(text.trim() !== "" && !/<\/?tool_call>/.test(text)),
      ...(key === undefined ? {} : { right_reply: score(isRightAnswer(text, key, known)) }),
    }));
    this.#messages.push({ role: "assistant", content: reply });
  }

  /** A user's message that is answered by way of tools. */
  withTools({ question, steps, answer, key }: Exchange): void {
    this.#messages.push({ role: "user", content: question });
    for (const { calls, results, isMistake = false } of steps) {
      if (isMistake) this.#notLearned.push(this.#messages.length);
      else this.#case(callText(calls), (text) => gradeCalls(text, calls, this.tools));
      this.#messages.push({ role: "assistant", content: "", tool_calls: calls.map(toToolCall) });
      results.forEach((content, index) => this.#messages.push({ role: "tool", name: calls[index].name, content }));
    }
    this.#answer(answer, key);
  }

  #answer(answer: string, key: AnswerKey): void {
    const known = this.#known();
    this.#case(answer, (text) => ({ right_answer: score(isRightAnswer(text, key, known)) }));
    this.#messages.push({ role: "assistant", content: answer });
  }

  /** Texts whose numbers a reply may repeat: what was asked, called and found. */
  #known(): string[] {
    return this.#messages.flatMap(({ role, content, tool_calls = [] }) => {
      const said = (role === "user" || role === "tool") && typeof content === "string" ? [content] : [];
      const called = tool_calls.map((call) => Object.values(call.function.arguments).join(" "));
      return [...said, ...called];
    });
  }

  #case(reference: string, grade: GradedCase["grade"]): void {
    this.#cases.push({ messages: this.#messages.slice(), tools: this.tools, reference, grade });
  }

  /** What was written so far. */
  example(kind: string): GeneratedExample {
    const notLearned = this.#notLearned.length > 0 ? { notLearned: this.#notLearned } : {};
    return { kind, messages: this.#messages, tools: this.tools, ...notLearned, cases: this.#cases };
  }
}

function gradeCalls(
  text: string,
  expected: readonly RequestedCall[],
  tools: readonly ToolDefinition[],
): Record<string, number> {
  // Who calls nothing makes no mistake of syntax.
  if (!text.includes("<tool_call>")) return { called: 0, right_call: 0 };
  const calls = parseCalls(text);
  const isValid = calls !== null && calls.every((call) => isValidCall(call, tools));
  return {
    called: 1,
    valid_syntax: score(calls !== null),
    fits_a_tool: score(isValid),
    right_call: score(isValid && areSameCalls(calls, expected)),
  };
}

const score = (isRight: boolean) => isRight ? 1 : 0;

/** What the template writes about tools, and around a message. */
const TEMPLATE_TOKENS = 55;
const TURN_TOKENS = 6;

/** Words (two for those with a capital, which are names mostly), digits and runs of signs: about the tokens of a text. */
function piecesOf(text: string): number {
  return text.match(/\p{Lu}|\p{Ll}+|\d|[^\s\p{L}\d]+/gu)?.length ?? 0;
}

/** A signature's own words, and what stands around them: four pieces, and four for each argument, which is named twice. */
function signaturePieces({ function: { name, description = "", parameters } }: ToolDefinition): number {
  const names = Object.keys(parameters?.properties ?? {});
  return piecesOf(name) + piecesOf(description) + 4 + names.reduce((sum, key) => sum + 2 * piecesOf(key) + 4, 0);
}
