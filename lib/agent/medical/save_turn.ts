/** A turn into its session, and the session into the store. */
import type { ChatModel } from "../chat/mod.ts";
import {
  addMemoryCounts,
  type NewMessage,
  type PatientProfile,
  patientProfile,
  type Remembered,
  type Session,
  type SessionStore,
  withMessage,
} from "../memory/mod.ts";
import { summaryOf } from "./turn_history.ts";

/** What a turn adds. */
export interface FinishedTurn {
  /** As it was when the turn began. */
  session: Session;
  /** The person's message first, the answer last. */
  messages: readonly NewMessage[];
  /** Null where no facts were asked for. */
  remembered: Remembered | null;
}

/** Where it goes. */
export interface SaveTurnOptions {
  store: SessionStore;
  /** Counts tokens. */
  model: ChatModel;
  /** Tokens of the conversation that models are given: what is older goes into the summary. */
  maxTokens: number;
  now: Date;
  signal: AbortSignal;
}

/**
 * Writes a turn in one step. What the person changed or deleted in the store while the answer was being written stands.
 *
 * @returns The session as it is in the store.
 * @throws The signal's reason; nothing is written then. {SessionDeletedError} when the session was deleted meanwhile.
 */
export async function saveTurn(
  { session, messages, remembered }: FinishedTurn,
  { store, model, maxTokens, now, signal }: SaveTurnOptions,
): Promise<Session> {
  const withTurn = (old: Session): Session => {
    const longer = messages.reduce((sofar, message) => withMessage(sofar, message, { now }), old);
    if (remembered === null) return longer;
    const isSame = asJson(old.profile) === asJson(session.profile);
    return {
      ...longer,
      profile: isSame ? remembered.profile : old.profile,
      memoryCounts: addMemoryCounts(old.memoryCounts, remembered.counts),
    };
  };
  const own = withTurn(session);
  const summary = await summaryOf(own, { model, maxTokens, signal });
  // Whoever reads the events has had time to stop the turn at any of them.
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
  const isSame = (old: Session) => JSON.stringify(old.summary) === JSON.stringify(session.summary);
  const saved = store.update(session.id, (old) => ({ ...withTurn(old), summary: isSame(old) ? summary : old.summary }));
  if (saved !== null) return saved;
  const first = { ...own, summary };
  store.save(first);
  return first;
}

/** Equal for equal profiles, whatever made them: one that was just read has its fields in another order than one just made. */
function asJson(profile: PatientProfile): string {
  return JSON.stringify(patientProfile.parse(profile));
}
