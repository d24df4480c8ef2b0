/** What of a session a model is given, and the summary of the rest. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { fitConversation, type Session } from "../memory/mod.ts";

/** How much a model is given. */
export interface HistoryOptions {
  /** Counts tokens. */
  model: ChatModel;
  maxTokens: number;
  signal: AbortSignal;
}

/** Earlier messages as a model is given them; none where the last of them alone is longer than that. */
export async function historyOf(session: Session, options: HistoryOptions): Promise<ChatMessage[]> {
  if (session.messages.length === 0) return [];
  return await unlessTooLong(async () => (await fitConversation({ session, ...options })).messages, []);
}

/** The summary that goes with a conversation; as it was where a single message is longer than all that a model is given. */
export function summaryOf(session: Session, options: HistoryOptions): Promise<Session["summary"]> {
  return unlessTooLong(async () => (await fitConversation({ session, ...options })).summary, session.summary);
}

async function unlessTooLong<Value>(fit: () => Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await fit();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}
