/** Requests for tools with what should become of them, from the generated corpus. */
import { z } from "zod";
import { toolCallsCorpus } from "../../data/mod.ts";
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import { defineTool, type Tool } from "../tools/mod.ts";

/** One thing that a user says, and what an agent should do about it. */
export interface ToolUseCase {
  /** What sort of chat it is from, such as `several turns`. */
  chat: string;
  /**
   * `tool`: calls are due. `no tool`: there is nothing to call. `missing tool`: it would need a tool that is not offered, and
   * the right reply says so.
   */
  kind: "tool" | "no tool" | "missing tool";
  /** The conversation up to and with what the user says. */
  messages: ChatMessage[];
  /** Those that are offered. They know the calls of this case, and answer them as the corpus says. */
  tools: Tool[];
  /** The turns of the assistant as they should be: with calls, then the last reply. */
  reference: ChatMessage[];
  /** Whether the calls of the first turn are the right ones; only where calls are due. */
  areRightCalls?: (calls: string) => boolean;
  /** Whether the last reply is right. */
  isRightAnswer: (reply: string) => boolean;
}

/**
 * The first so many held-out cases of `toolCallsCorpus`. Where the corpus shows a mistake that is mended, only the mended call is
 * known: an agent should not make the mistake.
 *
 * @throws {RangeError} When `count` is no whole number above 0.
 */
export function toolUseCases(count: number, { seed = 0 }: { seed?: number } = {}): ToolUseCase[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`count: expected a whole number above 0, got ${count}`);
  }
  const cases: ToolUseCase[] = [];
  for (let index = 0; cases.length < count; index++) {
    const { kind, messages, tools = [], notLearned = [], cases: graded } = toolCallsCorpus.exampleAt(index, {
      seed,
      split: "test",
    });
    const starts = messages.flatMap(({ role }, at) => role === "user" ? [at] : []);
    for (const [turn, start] of starts.entries()) {
      const end = starts[turn + 1] ?? messages.length;
      const own = graded.filter(({ messages: { length } }) => length > start && length <= end);
      // A turn that is only read asks nothing of an agent.
      const last = own.at(-1);
      if (last === undefined || last.messages.length !== end - 1) continue;
      const first = own[0];
      const isCall = "right_call" in first.grade("");
      cases.push({
        chat: kind,
        kind: isCall ? "tool" : /\bI have no tool\b/i.test(last.reference) ? "missing tool" : "no tool",
        messages: messages.slice(0, start + 1),
        tools: replayTools(tools, messages.slice(start, end), notLearned.map((at) => at - start)),
        reference: messages.slice(start, end).filter(({ role }, at) =>
          role === "assistant" && !notLearned.includes(start + at)
        ),
        ...(isCall ? { areRightCalls: (calls: string) => first.grade(calls).right_call === 1 } : {}),
        isRightAnswer: (reply) => {
          const grades = last.grade(reply);
          return Object.values(grades).every((grade) => grade === 1);
        },
      });
    }
  }
  return cases.slice(0, count);
}

/** Tools that answer the calls of an exchange as it does, and other calls by an error. */
function replayTools(
  definitions: readonly ToolDefinition[],
  exchange: readonly ChatMessage[],
  mistakes: readonly number[],
): Tool[] {
  const results = new Map<string, unknown>();
  exchange.forEach(({ tool_calls = [] }, at) => {
    if (mistakes.includes(at)) return;
    tool_calls.forEach(({ function: { name, arguments: given } }, place) => {
      const { content } = exchange[at + 1 + place];
      results.set(callKey(name, given as Record<string, unknown>), JSON.parse(content as string));
    });
  });
  return definitions.map(({ function: { name, description = "", parameters = { type: "object", properties: {} } } }) =>
    defineTool({
      name,
      description,
      parameters,
      input: z.fromJSONSchema({ ...parameters, additionalProperties: false }) as z.ZodType<Record<string, unknown>>,
      run(input) {
        const result = results.get(callKey(name, input));
        if (result === undefined) throw new Error("nothing is known about that");
        return result;
      },
    })
  );
}

function callKey(name: string, given: Record<string, unknown>): string {
  return JSON.stringify([name, Object.entries(given).sort(([a], [b]) => a < b ? -1 : 1)]);
}
