/** An answer at once, with the passages that are there or with none: what step-by-step retrieval is compared with. */
import { groundedPrompt, type R3PastStep, r3Prompt } from "../data/mod.ts";
import type { ChatMessage } from "../tokenizer/mod.ts";
import type { Game, NextMove, Play, PlayOptions } from "../train/mod.ts";
import type { R3Task } from "./game.ts";
import { neutralLine } from "./neutral_line.ts";
import type { FoundPassage } from "./passages.ts";
import { newR3State, type R3State } from "./state.ts";

/** A question with all that will ever be known about it. */
export interface AnswerTask extends R3Task {
  /** As they are shown; none for an answer from memory. */
  passages: readonly FoundPassage[];
}

/**
 * How a model is asked for an answer at once.
 *
 * `r3`: in the grammar of steps; it writes its analysis and must then answer. `brief`: the same, but its analysis is given: that it can
 * answer. `grounded`: the passages are numbered evidence, and what it says about them is the analysis. `plain`: a short answer is
 * asked for in words, for models that follow instructions and know no grammar.
 */
export type AnswerForm = "r3" | "brief" | "grounded" | "plain";

/** All forms. */
export const ANSWER_FORMS: readonly AnswerForm[] = ["r3", "brief", "grounded", "plain"];

/** The options of `playEpisodes` that belong to this game: each turn is a line. */
export const ANSWER_PLAY_OPTIONS = {
  maxTurns: 4,
  maxTurnTokens: 128,
  stopStrings: ["\n"],
} as const satisfies Partial<PlayOptions>;

const PLAIN_PROMPT = "Answer the question with a name, a number, or yes or no: a few words and no sentence.";
const ANALYSIS = "The problem analysis:";
const ANSWER = "The final answer:";

/** The game in which the model can only answer. Its marks are put there for it: each line is one of its turns. */
export function answerGame<Task extends AnswerTask>(form: AnswerForm): Game<Task, R3State> {
  return {
    begin: (task) => ({ prompt: firstPrompt(form, task), state: { ...newR3State(), passages: [...task.passages] } }),
    act: (plays) => Promise.resolve(plays.map((play) => nextMove(form, play))),
  };
}

function firstPrompt(form: AnswerForm, { question, passages }: AnswerTask): ChatMessage[] {
  if (form === "grounded") return groundedPrompt(neutralLine(question), passages);
  return form === "plain" ? plainPrompt(question, passages) : afterSearch(question, passages);
}

function plainPrompt(question: string, passages: readonly FoundPassage[]): ChatMessage[] {
  const lines = passages.map(({ title, text }) => `${title}: ${text}`);
  return [
    { role: "system", content: PLAIN_PROMPT },
    { role: "user", content: [...lines, `The question: ${neutralLine(question)}`].join("\n") },
  ];
}

/** The prompt of a step: the second one, after a search for the question itself, where there are passages. */
function afterSearch(question: string, passages: readonly FoundPassage[]): ChatMessage[] {
  const query = neutralLine(question);
  const past: R3PastStep[] = passages.length === 0 ? [] : [{ analysis: "I look it up.", query, documents: passages }];
  return r3Prompt(query, past);
}

function nextMove(form: AnswerForm, { task, state, turns }: Play<AnswerTask, R3State>): NextMove {
  const { text, finishReason } = turns[turns.length - 1];
  const line = text.trim();
  // Of the evidence form, the first turn is what the model says about the evidence.
  const place = form === "grounded" ? turns.length - 2 : turns.length - 1;
  if (place === -1) return { kind: "prompt", prompt: afterSearch(task.question, task.passages) };
  const isLast = form === "plain" || place === (form === "r3" ? 2 : 1);
  // A model that ends its turn before it was asked for the answer has given one in its own way.
  if (isLast || finishReason !== "stopString") {
    answerWith(state, { line, analysis: analysisOf(form, turns), isCut: finishReason === "length" });
    return { kind: "end" };
  }
  if (form === "r3") return { kind: "append", text: place === 0 ? ANALYSIS : ANSWER };
  return { kind: "append", text: `${ANALYSIS} ${analysisOf(form, turns)}\n${ANSWER}` };
}

/** What stands as the analysis: the model's own line, or what is given for it. */
function analysisOf(form: AnswerForm, turns: Play<AnswerTask, R3State>["turns"]): string {
  if (form === "r3") return turns[1]?.text.trim() || "-";
  if (form === "grounded") return turns[0].text.replace(/ ?\[\d+\]/g, "").trim() || "-";
  return "I can answer now.";
}

function answerWith(
  state: R3State,
  { line, analysis, isCut }: { line: string; analysis: string; isCut: boolean },
): void {
  const answer = line.replace(/^.*?\b(?:the final )?answer(?: is)?:?\s+/i, "").trim();
  if (answer === "" || isCut) {
    state.problem = isCut ? "the answer was cut off: it is longer than a turn may be" : "the answer is empty";
    state.malformedTurns++;
    return;
  }
  state.answer = answer;
  state.steps.push({ step: { number: 1, analysis, answer }, text: line, documents: [] });
}
