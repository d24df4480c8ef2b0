/** Something about the hub went wrong. The message says what, and what to do. */
export class HubError extends Error {
  override name = "HubError";

  /**
   * @param kind network: no connection, or it broke; notFound: no such repository, revision or file; denied: private or
   * gated, or not to be written; refused: the hub does not take what was sent; damaged: what came is not what was
   * announced; disk: not enough room; protocol: an answer nobody expected
   * @param mayPass whether trying again may help
   */
  constructor(
    readonly kind: "network" | "notFound" | "denied" | "refused" | "damaged" | "disk" | "protocol",
    message: string,
    readonly mayPass = false,
    options?: ErrorOptions,
    /** How long the hub wants one to wait before the next try. */
    readonly retryAfterMs = 0,
  ) {
    super(message, options);
  }
}

/** How to reach the hub. */
export interface HubConnection {
  /** Such as https://huggingface.co, without a slash at the end. */
  endpoint: string;
  token: string | undefined;
  signal: AbortSignal | undefined;
  /** Tries in a row without a byte of progress. */
  attempts: number;
  /** Wait before the second try; doubled each time. */
  firstDelayMs: number;
  /** A connection that is silent for so long is given up. */
  stallMs: number;
}

/** What is asked for, for messages. */
export interface Subject {
  /** Such as `model Qwen/Qwen2.5-0.5B-Instruct`. */
  repo: string;
  /** The repository's page. */
  page: string;
  revision: string;
  path?: string;
}

/** Ends a connection that is silent for too long, or when the caller's signal says so. */
export class Watchdog {
  readonly signal: AbortSignal;
  readonly #silence = new AbortController();
  readonly #stallMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ signal, stallMs }: HubConnection) {
    this.#stallMs = stallMs;
    this.signal = signal === undefined ? this.#silence.signal : AbortSignal.any([signal, this.#silence.signal]);
    this.heard();
  }

  /** Something came: the wait begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#silence.abort(new Error(`nothing came for ${this.#stallMs / 1000} s`)),
      this.#stallMs,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

export interface RequestOptions {
  method: "GET" | "HEAD";
  headers?: Record<string, string>;
  /** Gives back a redirect to another host instead of following it: the hub's own headers are on it. */
  stopAtOtherHost?: boolean;
}

/**
 * Asks the hub, following redirects by hand: the token must not travel to the hosts that hold the large files.
 *
 * @returns an answer with status 200 or 206, 416, or a redirect where `stopAtOtherHost` says so
 * @throws {HubError} for every other answer, and when there is none
 */
export async function request(
  hub: HubConnection,
  watchdog: Watchdog,
  url: string,
  subject: Subject,
  { method, headers = {}, stopAtOtherHost = false }: RequestOptions,
): Promise<Response> {
  const home = new URL(hub.endpoint).origin;
  let at = new URL(url);
  for (let hops = 0; hops < 10; hops++) {
    // Lengths and ranges are those of the file, so it must come as it is.
    const sent: Record<string, string> = { "accept-encoding": "identity", "user-agent": "kiln", ...headers };
    if (hub.token !== undefined && at.origin === home) sent.authorization = `Bearer ${hub.token}`;
    let response: Response;
    try {
      response = await fetch(at, {
        method,
        redirect: "manual",
        signal: watchdog.signal,
        headers: sent,
      });
    } catch (cause) {
      throw networkError(hub, subject, cause);
    }
    watchdog.heard();
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      const next = new URL(location, at);
      if (stopAtOtherHost && next.origin !== at.origin) return response;
      await response.body?.cancel();
      at = next;
      continue;
    }
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw refusal(response, hub, subject);
  }
  throw new HubError("protocol", `${url} redirects in circles.`);
}

/** The error for a connection that could not be made, or broke. Rethrows the caller's own abort. */
export function networkError(hub: HubConnection, { repo }: Subject, cause: unknown): HubError {
  hub.signal?.throwIfAborted();
  return new HubError(
    "network",
    `Could not fetch ${repo} from ${hub.endpoint}: ${
      problemOf(cause)
    }. Check the network (HF_ENDPOINT names a mirror), or give a folder ` +
      "that holds the files. What has arrived is kept; running this again goes on from there.",
    true,
  );
}

/** What a failed connection says, without the queries of addresses: those of large files are signed, and so are keys. */
export function problemOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/(https?:\/\/[^\s?)]+)\?[^\s)]*/g, "$1");
}

/** The longest wait that a hub can ask for; it is tried again then, whatever was asked. */
const LONGEST_WAIT_MS = 5 * 60_000;

/** How long an answer asks to wait: by Retry-After in seconds, or by the `t` of the hub's RateLimit. */
export function retryAfterMs({ headers }: Response): number {
  const told = /^\s*(\d+)\s*$/.exec(headers.get("retry-after") ?? "") ??
    /;\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "");
  return told === null ? 0 : Math.min(LONGEST_WAIT_MS, Number(told[1]) * 1000);
}

function refusal(response: Response, hub: HubConnection, { repo, page, revision, path }: Subject): HubError {
  const { status } = response;
  const code = response.headers.get("x-error-code");
  const words = response.headers.get("x-error-message");
  const said = words === null ? "" : ` The hub says: ${words}`;
  if (code === "EntryNotFound") {
    return new HubError("notFound", `There is no file ${path} in ${repo} at revision ${revision}.${said}`);
  }
  if (code === "RevisionNotFound") {
    return new HubError("notFound", `There is no revision ${revision} of ${repo}.${said}`);
  }
  if (code === "GatedRepo" || status === 403) {
    return new HubError(
      "denied",
      `${repo} is gated: its owner gives access to people who ask. Open ${page}, accept the terms, make a read token at ` +
        `${hub.endpoint}/settings/tokens and set it as HF_TOKEN.${
          hub.token === undefined ? "" : " The token given now is not enough."
        }${said}`,
    );
  }
  if (status === 401 || code === "RepoNotFound") {
    return new HubError(
      status === 401 ? "denied" : "notFound",
      `There is no ${repo} on ${hub.endpoint}, or it is private. Check the name; for a private one set HF_TOKEN to a token that may ` +
        `read it (${hub.endpoint}/settings/tokens).${said}`,
    );
  }
  if (status === 404) {
    const what = path === undefined ? repo : `${path} in ${repo}`;
    return new HubError("notFound", `There is no ${what} at revision ${revision} on ${hub.endpoint}.${said}`);
  }
  if (status === 408 || status === 429 || status >= 500) {
    const wait = status === 429 ? " It is asked too often: wait some minutes, or set HF_TOKEN." : "";
    const message = `${hub.endpoint} answers ${status} for ${repo}.${wait}${said}`;
    return new HubError("network", message, true, undefined, retryAfterMs(response));
  }
  return new HubError("protocol", `${hub.endpoint} answers ${status} for ${repo}, which was not expected.${said}`);
}

/**
 * Tries again, after waits that double, while the error is one that may pass.
 *
 * @param progress changes when some of the work was done: then the count of tries begins anew
 */
export async function withRetries<T>(
  hub: HubConnection,
  work: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let before = progress();
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError) || !error.mayPass) throw error;
      if (progress() > before) attempt = 1;
      before = progress();
      if (attempt >= hub.attempts) throw error;
      await sleep(Math.max(error.retryAfterMs, hub.firstDelayMs * 2 ** (attempt - 1)), hub.signal);
    }
  }
}

/** Waits; rejects at once when the signal says so. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
