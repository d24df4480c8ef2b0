/** How well a model uses tools in the agent's loop. */
import { callText, type RequestedCall } from "../../data/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { type AgentRun, runAgent, type StopReason } from "../loop/mod.ts";
import { type ShareInterval, shareInterval } from "../route/mod.ts";
import type { ToolUseCase } from "./tool_use_cases.ts";

/** What a model did with a case. */
export interface ToolUseRow {
  kind: ToolUseCase["kind"];
  chat: string;
  /** The last thing that the user says. */
  question: string;
  /** Calls of the first turn, as the model writes them, and what was meant as one; empty where there is neither. */
  calls: string;
  answer: string | null;
  reason: StopReason;
  /** Whether the calls of the first turn are right; where none are due, whether there were none. */
  rightCalls: boolean;
  rightAnswer: boolean;
  steps: number;
  milliseconds: number;
}

/** A share with what it is a share of. */
export interface ToolUseShare extends ShareInterval {
  share: number;
  count: number;
}

/** What came out. */
export interface ToolUseEvaluation {
  rows: ToolUseRow[];
  /** By kind of case: the share of right calls (or of none, where none are due), and of right last replies. */
  byKind: Partial<Record<ToolUseCase["kind"], { calls: ToolUseShare; answers: ToolUseShare }>>;
}

/** Options of `evaluateToolUse`. */
export interface ToolUseOptions {
  model: ChatModel;
  cases: readonly ToolUseCase[];
  /** Tokens of a reply at most. Default 160. */
  maxTokens?: number;
  signal?: AbortSignal;
  /** Called after each case. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Runs the agent on each case, greedily, with its tools: the whole loop, from what the user says to the last reply.
 *
 * @throws When there is no case, the model fails, or the signal is aborted.
 */
export async function evaluateToolUse(options: ToolUseOptions): Promise<ToolUseEvaluation> {
  const { model, cases, maxTokens = 160, signal, onProgress } = options;
  if (cases.length === 0) throw new Error("evaluateToolUse: there are no cases");
  const rows: ToolUseRow[] = [];
  for (const one of cases) {
    const { calls, hasInvalid, run } = await runCase(one, { model, maxTokens, signal });
    const { answer, reason, steps, milliseconds } = run;
    rows.push({
      kind: one.kind,
      chat: one.chat,
      question: String(one.messages.at(-1)!.content),
      calls,
      answer,
      reason,
      rightCalls: hasInvalid ? false : one.areRightCalls ? one.areRightCalls(calls) : calls === "",
      rightAnswer: reason === "answered" && one.isRightAnswer(answer ?? ""),
      steps,
      milliseconds,
    });
    onProgress?.(rows.length, cases.length);
  }
  const byKind = Object.fromEntries(
    Array.from(Map.groupBy(rows, ({ kind }) => kind), ([kind, own]) => [kind, {
      calls: shareOf(own, ({ rightCalls }) => rightCalls),
      answers: shareOf(own, ({ rightAnswer }) => rightAnswer),
    }]),
  );
  return { rows, byKind };
}

async function runCase(
  { messages, tools }: ToolUseCase,
  { model, maxTokens, signal }: { model: ChatModel; maxTokens: number; signal?: AbortSignal },
): Promise<{ calls: string; hasInvalid: boolean; run: AgentRun }> {
  const calls: RequestedCall[] = [];
  const invalid: string[] = [];
  for await (const event of runAgent({ model, messages, tools, generation: { maxTokens }, signal })) {
    if (event.step === 1 && event.type === "call") {
      const { name, arguments: given } = event.call;
      calls.push({ name, arguments: given as RequestedCall["arguments"] });
    }
    if (event.step === 1 && event.type === "invalidCall") invalid.push(event.call.raw);
    if (event.type !== "stop") continue;
    signal?.throwIfAborted();
    if (event.run.reason === "model failed") throw new Error(`${model.name}: ${event.run.message}`);
    const texts = calls.length === 0 ? invalid : [callText(calls), ...invalid];
    return { calls: texts.join("\n"), hasInvalid: invalid.length > 0, run: event.run };
  }
  throw new Error("a run ended without saying why");
}

function shareOf(rows: readonly ToolUseRow[], isRight: (row: ToolUseRow) => boolean): ToolUseShare {
  const right = rows.filter(isRight).length;
  return { share: right / rows.length, count: rows.length, ...shareInterval(right, rows.length) };
}
