// @ts-check
/// <reference lib="dom" />
/** The server's HTTP interface. */
import { readEvents } from "./event_stream.js";

/** @import { ChatEvent, ChatRequest, Session, SessionListing } from "./contract.ts" */

/** What went wrong between the page and the server. */
export class ServerError extends Error {
  /**
   * @param {string} message the server's words
   * @param {{ status?: number, retryAfter?: number }} details status: 0 where no answer came; retryAfter in seconds
   */
  constructor(message, { status = 0, retryAfter } = {}) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The server, with the token that it may ask for. */
export class Api {
  #askToken;
  /** @type {Promise<boolean> | null} */
  #asking = null;
  /** The person has no token: only what they do themselves asks again. */
  #isDeclined = false;

  /** @param {(wasRefused: boolean) => Promise<boolean>} askToken asks the person; false when he has none */
  constructor(askToken) {
    this.#askToken = askToken;
  }

  /**
   * Asks the agent. Ends after the event `done`; an answer has come before it.
   *
   * @param {ChatRequest} request
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<ChatEvent>}
   */
  async *chat(request, signal) {
    const response = await this.#send("POST", "/chat", { ...request, stream: true }, signal);
    if (!response.body) throw new ServerError("The server sent an empty answer");
    let isAnswered = false;
    try {
      for await (const { event, data } of readEvents(response.body)) {
        if (event === "done" && isAnswered) return;
        if (event === "answer") isAnswered = true;
        const value = JSON.parse(data);
        if (event === "error") throw new ServerError(value.error?.message ?? "The server gave up", { status: 500 });
        yield { ...value, type: event };
      }
    } catch (error) {
      if (error instanceof ServerError || signal.aborted) throw error;
      throw new ServerError("The connection broke off");
    }
    throw new ServerError("The connection broke off");
  }

  /** @returns {Promise<{ id: string, kind?: string }[]>} */
  async models() {
    return (await this.#read("GET", "/v1/models")).data;
  }

  /** @returns {Promise<SessionListing[]>} */
  async sessions() {
    return (await this.#read("GET", "/history")).sessions;
  }

  /**
   * @param {string} id
   * @returns {Promise<Session>}
   */
  session(id) {
    return this.#read("GET", `/history/${encodeURIComponent(id)}`);
  }

  /** @param {string} id */
  async deleteSession(id) {
    await this.#send("DELETE", `/history/${encodeURIComponent(id)}`);
  }

  /**
   * @param {string} id
   * @param {Record<string, unknown>} patch a value for each field to change, null to forget it
   */
  async editMemory(id, patch) {
    await this.#send("PATCH", `/memory/${encodeURIComponent(id)}`, patch);
  }

  /** @param {string} id */
  async deleteMemory(id) {
    await this.#send("DELETE", `/memory/${encodeURIComponent(id)}`);
  }

  /** @param {{ session_id: string, message_id: string, rating: "up" | "down", comment?: string }} feedback */
  async feedback(feedback) {
    await this.#send("POST", "/feedback", feedback);
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async #read(method, path) {
    return await (await this.#send(method, path)).json();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {AbortSignal} [signal]
   */
  async #send(method, path, body, signal) {
    for (;;) {
      const token = sessionStorage.getItem(TOKEN);
      const response = await fetch(path, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      }).catch((error) => {
        throw signal?.aborted ? error : new ServerError("The server did not answer");
      });
      if (response.ok) return response;
      // Several requests may be refused at once; the person is asked once.
      if (response.status === 401) {
        if (token !== sessionStorage.getItem(TOKEN)) continue;
        if (!(this.#isDeclined && method === "GET")) {
          this.#asking ??= this.#askToken(token !== null).finally(() => this.#asking = null);
          this.#isDeclined = !await this.#asking;
          if (!this.#isDeclined) continue;
        }
      }
      throw await refusal(response);
    }
  }
}

const TOKEN = "kiln-token";

/** @param {string} token kept until the tab is closed */
export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** @param {Response} response */
async function refusal(response) {
  const text = await response.text().catch(() => "");
  let message = text;
  try {
    message = JSON.parse(text).error.message;
  } catch {
    // Not the server's own form: a proxy's page, or nothing. Its words are as good as any.
  }
  const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
  return new ServerError(String(message).slice(0, 500), {
    status: response.status,
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
  });
}
