/** `POST /chat`: a question to the medical agent. */
import { z } from "zod";
import { newSession, type Session, type SessionStore, turnOf } from "../../agent/memory/mod.ts";
import { ApiError } from "./api_error.ts";
import type { AgentEvent, AnswerEvent, ChatBackend } from "./chat_backend.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";
import type { SessionTurns } from "./session_turns.ts";
import type { SseEvent } from "./sse.ts";

const chatSchema = z.object({
  message: z.string().max(8000, "expected at most 8000 characters").refine((text) => text.trim() !== "", "it is empty"),
  session_id: z.string().min(1).max(64).nullish(),
  mode: z.enum(["direct", "evidence", "audited"]).nullish(),
  model: z.string().min(1).max(512).nullish(),
  stream: z.boolean().nullish(),
  /** The id of an earlier question: it, and all that follows it, is taken back first. */
  replace: z.string().min(1).nullish(),
});

/**
 * Answers a question, as JSON or as events: `session` first, then what the agent tells, `error` where something went wrong, and
 * `done` last.
 *
 * @throws {ApiError} Before the answer begins.
 */
export async function chat(
  context: ServiceContext,
  exchange: Exchange,
  backend: ChatBackend,
  turns: SessionTurns,
): Promise<Response> {
  const body = await readBody(exchange.request, chatSchema, context.limits);
  const agent = await backend.agent(body.model ?? undefined);
  // Seen before the waiting, so that a conversation that is not there is not waited for.
  if (body.session_id) loadSession(backend.store, body.session_id);
  const ticket = context.admission.enter(exchange.client);
  const lifetime = context.lifetime(exchange);
  const { signal } = lifetime;
  const free = () => ticket.leave();
  const id = body.session_id ?? crypto.randomUUID();
  const events = (async function* (): AsyncGenerator<AgentEvent, void> {
    const endTurn = await turns.begin(id, (reason) => lifetime.end(reason), signal);
    try {
      const session = sessionToAsk(backend.store, body.session_id ?? null, id, body.replace ?? null);
      yield sessionEvent(id);
      yield* agent.ask(body.message, { session, mode: body.mode ?? undefined, signal });
    } finally {
      endTurn();
    }
  })();
  if (!body.stream) return await context.answer({ exchange, lifetime, work: wholeAnswer(id, events), free });
  return await context.stream({
    exchange,
    lifetime,
    events: chatEvents(events),
    errorEvents: (error) => [{ event: "error", data: JSON.stringify(error.body) }, DONE],
    free,
  });
}

function sessionToAsk(store: SessionStore, given: string | null, id: string, replace: string | null): Session {
  if (given === null) {
    if (replace !== null) throw new ApiError(400, "replace needs session_id", { param: "replace" });
    return newSession({ id });
  }
  if (replace === null) return loadSession(store, given);
  const cut = store.update(given, (stored) => cutBefore(stored, replace));
  if (cut === null) throw noSession(given);
  return cut;
}

/**
 * The conversation as it was before a question. What is remembered of the person stays.
 *
 * @throws {ApiError} 404 when there is no such question.
 */
function cutBefore(session: Session, question: string): Session {
  const at = session.messages.findIndex(({ id, role }) => id === question && role === "user");
  if (at < 0) throw new ApiError(404, "replace: the conversation has no such question", { param: "replace" });
  const messages = session.messages.slice(0, at);
  const kept = new Set(messages.map(({ id }) => id));
  return {
    ...session,
    messages,
    feedback: session.feedback.filter(({ messageId }) => kept.has(messageId)),
    summary: summaryOf(session.summary, turnOf(messages)),
  };
}

/** What stands for the turns that are left. The person's own words stay; others are made anew when they are needed. */
function summaryOf(summary: Session["summary"], turns: number): Session["summary"] {
  if (summary === null || summary.turns.to <= turns) return summary;
  if (summary.kind !== "edited" || turns < summary.turns.from) return null;
  return { ...summary, turns: { ...summary.turns, to: turns } };
}

/** @throws {ApiError} 404. */
export function loadSession(store: SessionStore, id: string): Session {
  const session = store.load(id);
  if (session === null) throw noSession(id);
  return session;
}

/** There is no such conversation. */
export function noSession(id: string): ApiError {
  return new ApiError(404, `there is no conversation ${JSON.stringify(id.slice(0, 64))}`, {
    code: "session_not_found",
  });
}

async function* chatEvents(events: AsyncIterable<AgentEvent>): AsyncGenerator<SseEvent, void> {
  for await (const event of events) {
    const shown = isAnswer(event) ? { type: event.type, message: event.message, outcome: event.outcome } : event;
    yield { event: event.type, data: JSON.stringify(shown) };
  }
  yield DONE;
}

const DONE: SseEvent = { event: "done", data: JSON.stringify({ type: "done" }) };

function sessionEvent(id: string): AgentEvent & { session_id: string } {
  return { type: "session", session_id: id };
}

function isAnswer(event: AgentEvent): event is AnswerEvent {
  return event.type === "answer";
}

async function wholeAnswer(id: string, events: AsyncIterable<AgentEvent>): Promise<object> {
  let answer: object | null = null;
  for await (const event of events) {
    if (isAnswer(event)) answer = { session_id: id, message: event.message, outcome: event.outcome };
  }
  if (answer === null) throw new Error("the agent ended without an answer");
  return answer;
}
