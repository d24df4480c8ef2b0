/** What is kept of conversations: reading it, mending it, deleting it. */
import { z } from "zod";
import {
  editMemory,
  editSummary,
  forgetMemory,
  profilePatch,
  type Session,
  type SessionStore,
  withFeedback,
} from "../../agent/memory/mod.ts";
import { ApiError } from "./api_error.ts";
import { loadSession, noSession } from "./chat_routes.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";
import type { SessionTurns } from "./session_turns.ts";

/** `GET /history`: the latest conversations first. */
export function listSessions(store: SessionStore): Response {
  const sessions = store.list({ limit: 500 }).map(({ id, title, createdAt, updatedAt, messages }) => ({
    id,
    title,
    created_at: createdAt,
    updated_at: updatedAt,
    messages,
  }));
  return Response.json({ sessions });
}

/** `GET /history/{id}`. */
export function showSession(store: SessionStore, id: string): Response {
  return Response.json(loadSession(store, id));
}

/** `DELETE /history/{id}`. An answer that is being written ends. */
export function deleteSession(store: SessionStore, turns: SessionTurns, id: string): Response {
  const wasThere = store.delete(id);
  turns.interrupt(id, new ApiError(410, "the conversation was deleted", { code: "session_deleted" }));
  if (!wasThere) throw noSession(id);
  return Response.json({ id, deleted: true });
}

/** Fields of the profile, and the summary of what was said earlier. */
const memoryPatch = profilePatch.extend({ summary: z.string().max(20_000).nullish() });

/** `PATCH /memory/{id}`: a value for each field to change, null to forget it. */
export async function patchMemory(
  context: ServiceContext,
  exchange: Exchange,
  store: SessionStore,
  id: string,
): Promise<Response> {
  const { summary, ...fields } = await readBody(exchange.request, memoryPatch, context.limits);
  const session = store.update(id, (stored) => {
    const edited = editMemory(stored, fields);
    return summary === undefined ? edited : withSummary(edited, summary ?? "");
  }, { erases: true });
  if (session === null) throw noSession(id);
  return Response.json({ id, profile: session.profile, summary: session.summary });
}

function withSummary(session: Session, text: string): Session {
  if (session.summary === null) {
    throw new ApiError(400, "the conversation is too short for a summary: there is none to change", {
      param: "summary",
    });
  }
  return editSummary(session, text);
}

/** `DELETE /memory/{id}`: all that is remembered of the person; the conversation stays. */
export function deleteMemory(store: SessionStore, id: string): Response {
  const session = store.update(id, (stored) => forgetMemory(stored), { erases: true });
  if (session === null) throw noSession(id);
  return Response.json({ id, profile: session.profile });
}

const feedbackSchema = z.object({
  session_id: z.string().min(1).max(64),
  message_id: z.string().min(1),
  rating: z.enum(["up", "down"]),
  comment: z.string().max(4000).nullish(),
});

/** `POST /feedback`: what a person thinks of an answer. */
export async function feedback(context: ServiceContext, exchange: Exchange, store: SessionStore): Promise<Response> {
  const body = await readBody(exchange.request, feedbackSchema, context.limits);
  const session = loadSession(store, body.session_id);
  if (!session.messages.some(({ id, role }) => id === body.message_id && role === "assistant")) {
    throw new ApiError(404, "the conversation has no such answer", { param: "message_id" });
  }
  const given = {
    messageId: body.message_id,
    rating: body.rating,
    at: new Date().toISOString(),
    ...(body.comment ? { comment: body.comment } : {}),
  };
  if (store.update(body.session_id, (stored) => withFeedback(stored, given)) === null) throw noSession(body.session_id);
  return Response.json({ session_id: body.session_id, message_id: body.message_id, rating: body.rating });
}
