/** A server that speaks the page's side of the contract and answers from a script. */
import type {
  ChatEvent,
  ChatRequest,
  FactSource,
  Profile,
  Session,
  SessionMessage,
  Sourced,
} from "../../../lib/serve/page/contract.ts";
import { PAGE_SECURITY_POLICY, pageFile } from "../../../lib/serve/page/mod.ts";
import { type Script, sensibleScript } from "./scripts.ts";

/** A session that may be written. */
type Kept = Session & { messages: SessionMessage[]; profile: Profile; feedback: unknown[]; updatedAt: string };

/** What came in. */
export interface Recorded {
  method: string;
  path: string;
  body: unknown;
}

/** A running server. */
export class ScriptedServer implements AsyncDisposable {
  script: Script = sensibleScript;
  /** What a request must carry; undefined for none. */
  token: string | undefined;
  /** Answers with this instead of going on to what is asked; null goes on. */
  refuse: (request: Request) => Response | null = () => null;
  models: { id: string; kind?: string }[] = [{ id: "kiln-tiny", kind: "base" }, { id: "medical", kind: "adapter" }];
  readonly sessions = new Map<string, Kept>();
  readonly requests: Recorded[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** What was sent to a path, the earliest first. */
  sent<Body = ChatRequest>(method: string, path: string): Body[] {
    return this.requests.filter((each) => each.method === method && each.path === path).map(({ body }) => body as Body);
  }

  /** A session with these messages and facts, as if it had been held earlier. */
  keep(session: Partial<Session> & { id: string }): Kept {
    const kept: Kept = {
      title: session.messages?.[0]?.content ?? "",
      profile: {},
      summary: null,
      updatedAt: "2026-11-20T08:00:00.000Z",
      ...session,
      messages: [...(session.messages ?? [])],
      feedback: [...(session.feedback ?? [])],
    };
    this.sessions.set(kept.id, kept);
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const file = request.method === "GET" ? pageFile(pathname) : null;
    if (file) {
      return new Response(file.body, {
        headers: {
          "content-type": file.contentType,
          "content-security-policy": PAGE_SECURITY_POLICY,
          etag: file.etag,
          "x-content-type-options": "nosniff",
        },
      });
    }
    const text = await request.text();
    const body = text === "" ? undefined : JSON.parse(text);
    this.requests.push({ method: request.method, path: pathname, body });
    if (this.token !== undefined && request.headers.get("authorization") !== `Bearer ${this.token}`) {
      return refusal(401, "a bearer token is needed");
    }
    return this.refuse(request) ?? this.#route(request, pathname, body);
  }

  #route(request: Request, path: string, body: unknown): Response {
    const [, place, id = ""] = path.split("/").map(decodeURIComponent);
    const session = this.sessions.get(id);
    switch (`${request.method} /${place}`) {
      case "GET /v1":
        return Response.json({ object: "list", data: this.models });
      case "POST /chat":
        return this.#chat(body as ChatRequest);
      case "POST /feedback":
        return Response.json({ ok: true });
      case "GET /history":
        if (id !== "") return session ? Response.json(session) : refusal(404, "there is no such session");
        return Response.json({
          sessions: [...this.sessions.values()].reverse().map(({ id, title, updatedAt, messages }) => ({
            id,
            title,
            updated_at: updatedAt,
            messages: messages.length,
          })),
        });
      case "DELETE /history":
        return this.sessions.delete(id)
          ? new Response(null, { status: 204 })
          : refusal(404, "there is no such session");
      case "PATCH /memory":
        if (!session) return refusal(404, "there is no such session");
        if ("summary" in (body as object)) {
          const { summary } = body as { summary: string | null };
          session.summary = { text: summary ?? "" };
        } else session.profile = edited(session.profile, body as Record<string, unknown>);
        return Response.json(session.profile);
      case "DELETE /memory":
        if (!session) return refusal(404, "there is no such session");
        session.profile = {};
        return new Response(null, { status: 204 });
      default:
        return refusal(404, `there is nothing at ${path}`);
    }
  }

  #chat(request: ChatRequest): Response {
    const id = request.session_id ?? crypto.randomUUID();
    const session = this.sessions.get(id) ?? this.keep({ id, title: request.message });
    const from = session.messages.findIndex((message) => message.id === request.replace);
    if (from >= 0) session.messages.length = from;
    session.messages.push({ id: crypto.randomUUID(), role: "user", content: request.message });
    const events = this.script(request, session);
    const encoder = new TextEncoder();
    const write = (event: string, data: unknown) =>
      encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const pump = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      yield write("session", { session_id: id });
      for await (const event of events) {
        if (event.type === "memory") session.profile = event.profile;
        if (event.type === "answer") session.messages.push({ ...event.message, outcome: event.outcome });
        yield write(event.type, event);
      }
      yield write("done", {});
    };
    return new Response(ReadableStream.from(pump()), { headers: { "content-type": "text/event-stream" } });
  }
}

/** An error in the server's form. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: { message, type: "invalid_request_error" } }, { status, headers });
}

const EDITED: FactSource = { turn: 1, quote: "", by: "edit" };

function edited(profile: Profile, patch: Record<string, unknown>): Profile {
  const entries = Object.entries(patch).map(([field, value]): [string, unknown] => {
    if (value === null) return [field, undefined];
    if (!Array.isArray(value)) return [field, { value, source: EDITED }];
    const held = (profile as Record<string, Sourced[] | undefined>)[field] ?? [];
    return [field, value.map((each) => held.find((fact) => fact.value === each) ?? { value: each, source: EDITED })];
  });
  const changed = new Set(Object.keys(patch));
  return {
    ...profile,
    ...Object.fromEntries(entries),
    conflicts: (profile.conflicts ?? []).filter(({ field }) => !changed.has(field)),
  };
}

/** One event after another, as a script. */
export async function* eventsOf(...events: (ChatEvent | Promise<unknown>)[]): AsyncGenerator<ChatEvent> {
  for (const event of events) {
    if (event instanceof Promise) await event;
    else yield event;
  }
}
