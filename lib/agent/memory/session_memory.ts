/** What the person does to a session's memory by hand: edits, deletions, and the summary. */
import { clausesOf, sentencesOf } from "./clauses.ts";
import { deletedClaims } from "./claims.ts";
import { editProfile, forgetAll, forgetEntry, type ProfilePatch } from "./edit.ts";
import type { FactField, FactValue, PatientProfile } from "./profile.ts";
import { placesOf } from "./said_of.ts";
import { type Session, type SessionMessage, turnOf } from "./session.ts";
import { summarySchema } from "./summary.ts";

/** When something is done. */
export interface MemoryTime {
  /** Default: now. */
  now?: Date;
}

/**
 * Sets and deletes fields of the profile (`editProfile`). The sentences that told what is deleted or replaced are withheld from
 * models from now on, in messages and in the summary; the person still sees the messages. Save the session with `erases`.
 *
 * @throws {z.ZodError} When the patch has another form.
 */
export function editMemory(session: Session, patch: ProfilePatch, time: MemoryTime = {}): Session {
  return withProfile(session, editProfile(session.profile, patch, turnNow(session)).profile, time);
}

/** Deletes one value from memory (`forgetEntry`), as `editMemory` does. */
export function forgetFact(session: Session, field: FactField, value: FactValue, time: MemoryTime = {}): Session {
  return withProfile(session, forgetEntry(session.profile, field, value, turnNow(session)).profile, time);
}

/** Deletes all that is remembered: the profile and the summary. Models read none of the messages until now any more. */
export function forgetMemory(session: Session, { now = new Date() }: MemoryTime = {}): Session {
  const { profile } = forgetAll(session.profile, turnNow(session));
  const messages = session.messages.map((message) =>
    message.content === "" ? message : { ...message, withheld: [{ start: 0, end: message.content.length }] }
  );
  const to = turnOf(session.messages);
  const summary = to === 0 ? null : { text: "", turns: { from: 1, to }, kind: "edited" as const };
  return { ...session, profile, messages, summary, updatedAt: now.toISOString() };
}

/**
 * Puts the person's words in place of a summary, or deletes it: with an empty text what its turns said is in no prompt any more.
 *
 * @throws {RangeError} When there is no summary.
 */
export function editSummary(session: Session, text: string, { now = new Date() }: MemoryTime = {}): Session {
  if (session.summary === null) throw new RangeError(`session ${session.id}: it has no summary yet`);
  const summary = summarySchema.parse({ ...session.summary, text: text.trim(), kind: "edited" });
  return { ...session, summary, updatedAt: now.toISOString() };
}

function turnNow({ messages }: Session): { turn: number } {
  return { turn: turnOf(messages) };
}

function withProfile(session: Session, profile: PatientProfile, { now = new Date() }: MemoryTime): Session {
  const updatedAt = now.toISOString();
  const deleted = deletedClaims(session.profile, profile);
  if (deleted.length === 0) return { ...session, profile, updatedAt };
  let turn = 0;
  const messages = session.messages.map((message) => {
    if (message.role === "user") turn++;
    const quotes = deleted.filter(({ source }) =>
      message.role === "user" && source.by === "patient" && source.turn === turn
    );
    return withheld(message, quotes.map(({ source }) => source.quote), deleted.map(({ value }) => value));
  });
  const { summary } = session;
  if (summary === null) return { ...session, profile, messages, updatedAt };
  const quotes = deleted.map(({ source }) => source.quote);
  const told = tellingSentences(summary.text, quotes, deleted.map(({ value }) => value));
  const text = sentencesOf(summary.text).filter(({ start }) => !told.some((one) => one.start === start))
    .map(({ start, end }) => summary.text.slice(start, end)).join("\n");
  return { ...session, profile, messages, summary: told.length === 0 ? summary : { ...summary, text }, updatedAt };
}

function withheld(
  message: SessionMessage,
  quotes: readonly string[],
  values: readonly (FactValue | null)[],
): SessionMessage {
  const { content, withheld: before = [] } = message;
  const told = tellingSentences(content, quotes, values)
    .filter(({ start, end }) => !before.some((one) => one.start <= start && one.end >= end));
  return told.length === 0 ? message : { ...message, withheld: [...before, ...told] };
}

/** The sentences of a text that have one of the quotes, name one of the values, or say one of the ages. */
function tellingSentences(text: string, quotes: readonly string[], values: readonly (FactValue | null)[]) {
  return sentencesOf(text).filter(({ start, end }) => {
    const sentence = text.slice(start, end);
    if (quotes.some((quote) => quote !== "" && sentence.includes(quote))) return true;
    return values.some((value) => {
      if (typeof value === "number") {
        return new RegExp(`\\b(?:you are|aged?|I am|I'm)\\b.*\\b${value}\\b`, "i").test(sentence);
      }
      if (typeof value !== "string" || value === "female" || value === "male") return false;
      return placesOf(value, clausesOf(sentence)).length > 0;
    });
  });
}
