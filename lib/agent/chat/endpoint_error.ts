/** What can go wrong between here and a model's endpoint. */

/**
 * What went wrong, for code that decides what to do next.
 * - `key`: the key is missing or refused.
 * - `notFound`: no such address or model.
 * - `request`: the endpoint does not take this request.
 * - `busy`: too many requests, or the quota is used up.
 * - `server`: the endpoint failed.
 * - `connection`: it cannot be reached, or the connection broke.
 * - `timeout`: nothing came for too long.
 * - `protocol`: it answered what nobody expected.
 */
export type EndpointFailure =
  | "key"
  | "notFound"
  | "request"
  | "busy"
  | "server"
  | "connection"
  | "timeout"
  | "protocol";

/** An endpoint did not answer as it should. The message names it and the model, and says what to do; no key is in it. */
export class ChatEndpointError extends Error {
  override name = "ChatEndpointError";

  constructor(
    readonly kind: EndpointFailure,
    readonly endpoint: string,
    readonly model: string,
    message: string,
    /** HTTP status, where there was one. */
    readonly status?: number,
    /** When it wants to be asked again, in milliseconds, where it says so. */
    readonly retryAfterMs?: number,
  ) {
    super(`${endpoint}, model ${JSON.stringify(model)}: ${message}`);
  }
}

/** Makes the errors of one endpoint and model. */
export class EndpointErrors {
  /** Without user, password and query, which may be secret. */
  readonly endpoint: string;

  /**
   * @param secret The key: taken out of whatever the endpoint says.
   * @param keyVariables The environment's variables that may hold the key, for messages.
   */
  constructor(
    baseURL: string,
    readonly model: string,
    readonly secret: string | undefined,
    readonly keyVariables: readonly string[] = [],
  ) {
    const url = new URL(baseURL);
    this.endpoint = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  }

  /** For an answer whose status is not 200. */
  status(status: number, said: string, retryAfterMs?: number): ChatEndpointError {
    // Google's answer to a wrong key is 400.
    const isKey = status === 400 && /\bAPI[ _]key\b/i.test(said);
    const [kind, advice] = adviceFor(isKey ? 401 : status, this.keyVariables);
    return this.failure(kind, `it answered ${status}${this.#quoted(said)}. ${advice}`, status, retryAfterMs);
  }

  connection(said: string): ChatEndpointError {
    return this.failure(
      "connection",
      `it cannot be reached, or the connection broke${this.#quoted(said)}. Is it running, and is the address right?`,
    );
  }

  timeout(milliseconds: number): ChatEndpointError {
    return this.failure("timeout", `nothing came for ${milliseconds / 1000} s. Try again, or give it more by timeout.`);
  }

  /** For an answer in no form that is known. */
  protocol(said: string): ChatEndpointError {
    return this.failure(
      "protocol",
      `its answer is not what was expected${this.#quoted(said)}. Is this the address of such an API?`,
    );
  }

  /** For an error that came in the midst of a reply. */
  midway(said: string): ChatEndpointError {
    return this.failure("server", `it failed in the midst of the reply${this.#quoted(said)}. Try again later.`);
  }

  failure(kind: EndpointFailure, message: string, status?: number, retryAfterMs?: number): ChatEndpointError {
    return new ChatEndpointError(kind, this.endpoint, this.model, message, status, retryAfterMs);
  }

  #quoted(said: string): string {
    const line = this.withoutSecret(said).replace(/\p{Cc}+/gu, " ").trim();
    if (line === "") return "";
    return `: ${line.length <= 500 ? line : `${line.slice(0, 497)}...`}`.replace(/\.$/, "");
  }

  withoutSecret(text: string): string {
    return this.secret ? text.replaceAll(this.secret, "***") : text;
  }
}

function adviceFor(status: number, keyVariables: readonly string[]): [EndpointFailure, string] {
  if (status >= 300 && status < 400) return ["notFound", "Give the address that it points to as baseURL."];
  if (status === 401 || status === 403) {
    const places = ["apiKey", ...keyVariables.map((name) => `the environment's ${name}`)];
    return ["key", `Give a key that it takes, by ${places.join(" or ")}.`];
  }
  if (status === 404 || status === 405) {
    return ["notFound", "Look at baseURL (most end in a version, such as /v1) and at the model's name."];
  }
  if (status === 413) return ["request", "Shorten the conversation or its tools."];
  if (status === 429) return ["busy", "Wait, look at the quota, or raise maxRetries."];
  if (status === 408) return ["timeout", "Try again later."];
  if (status >= 500) return ["server", "Try again later, or look at the endpoint's log."];
  return ["request", "Change the request as it says; a field that it does not know is taken away by body."];
}
