/** The calls of one turn. */
import type { ToolCallRequest } from "../calls/mod.ts";
import {
  type ApprovalRequest,
  type Approve,
  runTool,
  type Tool,
  type ToolLimits,
  type ToolOutcome,
} from "../tools/mod.ts";

/** How calls are run. */
export interface RunCallsOptions {
  tools: readonly Tool[];
  signal: AbortSignal;
  approve?: Approve;
  limits?: ToolLimits;
  /** Those beyond are answered by an error. */
  maxCalls: number;
  /** Whether the chat holds what strangers wrote. Results of this turn do not count: its calls were written before them. */
  afterUntrusted: boolean;
}

/** What happens to a call. */
export type CallEvent =
  | { type: "approval"; call: ToolCallRequest; reason: ApprovalRequest["reason"]; approved: boolean }
  | { type: "result"; call: ToolCallRequest; outcome: ToolOutcome };

/**
 * Runs calls: those without side effects at once, the others one after the other, in their turn. Results come in the order of
 * the calls, and one approval is asked for at a time.
 */
export async function* runCalls(
  calls: readonly ToolCallRequest[],
  { tools, signal, approve = () => false, limits, maxCalls, afterUntrusted }: RunCallsOptions,
): AsyncGenerator<CallEvent, void, undefined> {
  let asking: Promise<unknown> = Promise.resolve();
  const start = (call: ToolCallRequest) => {
    const asked: CallEvent[] = [];
    const askInTurn: Approve = (request) => {
      const answer = asking.then(() => {
        request.signal.throwIfAborted();
        return approve(request);
      });
      asking = answer.catch(() => {});
      const note = (approved: boolean) => asked.push({ type: "approval", call, reason: request.reason, approved });
      answer.then((approved) => note(approved === true), () => note(false));
      return answer;
    };
    const outcome = runTool(tools, call, { signal, approve: askInTurn, limits, afterUntrusted });
    return { outcome, asked };
  };
  const hasEffects = ({ name }: ToolCallRequest) => tools.some((tool) => tool.name === name && tool.sideEffects);
  const started = calls.slice(0, maxCalls).map((call) => hasEffects(call) ? null : start(call));
  for (const [index, call] of calls.entries()) {
    if (index >= maxCalls) {
      yield { type: "result", call, outcome: tooMany(maxCalls) };
      continue;
    }
    const { outcome, asked } = started[index] ?? start(call);
    const result = await outcome;
    yield* asked;
    yield { type: "result", call, outcome: result };
  }
}

function tooMany(maxCalls: number): ToolOutcome {
  const message = `at most ${maxCalls} calls at once, make this one in the next turn`;
  const text = JSON.stringify({ error: message });
  return { ok: false, kind: "refused", text, message, milliseconds: 0, untrusted: false };
}
