/** Calls as endpoints give them: a name and arguments apart. */
import { callFromParts, isCallRequest } from "../calls/mod.ts";
import type { ChatEvent } from "./chat_model.ts";

/** A call as it came. */
export interface WrittenCall {
  id: string;
  name: string;
  /** JSON text, or an object. */
  given: unknown;
  /** Whether the reply was cut at its limit of tokens, so that the arguments may be unfinished. Default false. */
  wasCut?: boolean;
}

/** Reads a call. What is none becomes an invalid call, for the model to read. */
export function callEvent({ id, name, given, wasCut = false }: WrittenCall): ChatEvent {
  const call = callFromParts(id, name, given);
  if (isCallRequest(call)) return { type: "call", call };
  if (!wasCut || call.kind !== "not json") return { type: "invalidCall", call };
  const problem = "the reply reached its limit within the arguments: write shorter ones";
  return { type: "invalidCall", call: { ...call, kind: "unclosed", problem } };
}

/** An id for a call that came without one. */
export function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
