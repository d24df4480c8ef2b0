/** One conversation as it is kept. */
import { z } from "zod";
import { emptyProfile, patientProfile } from "./profile.ts";
import { summarySchema } from "./summary.ts";

/** The form of a stored session. A reader of a later form knows how to read the earlier ones. */
export const SESSION_VERSION = 1;

const moment = z.iso.datetime();
const span = z.strictObject({ start: z.int().min(0), end: z.int().min(0) });
/** Others may add fields; what they hold is JSON. */
const more = z.json();

/** A passage that an answer may rest on, as the person saw it. */
export const sessionEvidence = z.object({
  /** From 1, as citations name it. */
  number: z.int().min(1),
  title: z.string(),
  text: z.string(),
  source: z.string(),
  riskLevel: z.string().optional(),
  score: z.number().optional(),
  /** Offsets in `text` of what the answer quotes. */
  quotes: z.array(span).optional(),
}).catchall(more);
export type SessionEvidence = z.infer<typeof sessionEvidence>;

/** A citation in an answer. */
export const sessionCitation = z.object({ number: z.int().min(1), quote: z.string().optional() }).catchall(more);
export type SessionCitation = z.infer<typeof sessionCitation>;

/** What the auditor said of a draft. */
export const sessionCritique = z.object({
  verdict: z.string(),
  problems: z.array(z.object({ kind: z.string() }).catchall(more)),
}).catchall(more);
export type SessionCritique = z.infer<typeof sessionCritique>;

/** A call of a tool, as chat models take it. */
const sessionToolCall = z.strictObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.record(z.string(), more) }),
});

/** A message. */
export const sessionMessage = z.strictObject({
  id: z.string().min(1),
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string(),
  createdAt: moment,
  reasoning: z.string().optional(),
  toolCalls: z.array(sessionToolCall).optional(),
  /** Of a tool's result: the call that it answers. */
  toolCallId: z.string().optional(),
  /** Of a tool's result: the tool. */
  name: z.string().optional(),
  /** How the answer was made. */
  mode: z.string().optional(),
  /** What became of the question. */
  outcome: z.string().optional(),
  evidence: z.array(sessionEvidence).optional(),
  citations: z.array(sessionCitation).optional(),
  critique: sessionCritique.optional(),
  /** Offsets in `content` of what the person took out of memory: it is shown to the person, and to no model. */
  withheld: z.array(span).optional(),
  /** Whatever else a page or an agent keeps with a message. */
  extra: z.record(z.string(), more).optional(),
});
export type SessionMessage = z.infer<typeof sessionMessage>;

/** What a person thinks of an answer. One for a message at most. */
export const sessionFeedback = z.strictObject({
  messageId: z.string().min(1),
  rating: z.enum(["up", "down"]),
  comment: z.string().max(4000).optional(),
  at: moment,
});
export type SessionFeedback = z.infer<typeof sessionFeedback>;

/** How often facts were asked of messages, and how often that went wrong. */
export const memoryCounts = z.strictObject({
  messages: z.int().min(0),
  /** Of them, those of which nothing was remembered: the model failed or its reply could not be read. */
  failures: z.int().min(0),
  /** Facts that the model wrote and the message does not say. */
  dropped: z.int().min(0),
});
export type MemoryCounts = z.infer<typeof memoryCounts>;

/** An id as it stands in addresses and file names. */
export const sessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -");

/** A conversation with what is remembered of the person. */
export const sessionSchema = z.strictObject({
  version: z.literal(SESSION_VERSION),
  id: sessionId,
  title: z.string(),
  createdAt: moment,
  updatedAt: moment,
  messages: z.array(sessionMessage),
  profile: patientProfile,
  memoryCounts,
  summary: summarySchema.nullable(),
  feedback: z.array(sessionFeedback),
});
export type Session = z.infer<typeof sessionSchema>;

/** A conversation that has not begun. */
export function newSession(
  { id = crypto.randomUUID(), now = new Date() }: { id?: string; now?: Date } = {},
): Session {
  return sessionSchema.parse({
    version: SESSION_VERSION,
    id,
    title: "",
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    messages: [],
    profile: emptyProfile(),
    memoryCounts: { messages: 0, failures: 0, dropped: 0 },
    summary: null,
    feedback: [],
  });
}

/** What a new message is made of; its id and time are given to it. */
export type NewMessage = Omit<SessionMessage, "id" | "createdAt"> & Partial<Pick<SessionMessage, "id" | "createdAt">>;

/** The session with one more message; the first of the person gives the title. Nothing is written to a store. */
export function withMessage(session: Session, message: NewMessage, { now = new Date() } = {}): Session {
  const at = now.toISOString();
  const added = sessionMessage.parse({ id: crypto.randomUUID(), createdAt: at, ...message });
  const title = session.title === "" && added.role === "user" ? titleOf(added.content) : session.title;
  return { ...session, title, updatedAt: at, messages: [...session.messages, added] };
}

/** The session with what a person thinks of an answer, in place of what they thought before. */
export function withFeedback(session: Session, feedback: SessionFeedback): Session {
  const others = session.feedback.filter(({ messageId }) => messageId !== feedback.messageId);
  return { ...session, updatedAt: feedback.at, feedback: [...others, sessionFeedback.parse(feedback)] };
}

/** How many messages the person has written: the number of the last turn. */
export function turnOf(messages: readonly Pick<SessionMessage, "role">[]): number {
  return messages.filter(({ role }) => role === "user").length;
}

/** Characters of a title. */
const TITLE_LENGTH = 60;

/** A conversation's title: the beginning of a message on one line, cut between words. */
export function titleOf(message: string): string {
  const line = message.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const sentence = /^.*?[.!?…]+(?=\s)/u.exec(line)?.[0] ?? line;
  // A greeting says nothing.
  const said = sentence.length < 20 ? line : sentence;
  const characters = [...said];
  if (characters.length <= TITLE_LENGTH) return said;
  const cut = characters.slice(0, TITLE_LENGTH - 1).join("");
  return `${cut.replace(/\s+\S*$/u, "").replace(/[\s,;:]+$/u, "") || cut}…`;
}
