import { z } from "zod";
import {
  type HubConnection,
  HubError,
  problemOf,
  retryAfterMs,
  type Subject,
  Watchdog,
  withRetries,
} from "./request.ts";

/** A question to the hub's API. */
export interface Message {
  method: "GET" | "POST";
  url: string;
  /** Sent as JSON, unless there is a `body`. */
  json?: unknown;
  body?: Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** Statuses that are answers too. Default: only those of success. */
  accept?: readonly number[];
  /** Signed addresses need no token. Default true; it never goes to another host. */
  withToken?: boolean;
  /** Whether it may be sent again when nobody knows what became of it. Default true. */
  repeatable?: boolean;
}

/** What the hub said. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Asks the hub's API, again where that may help. @throws {HubError} for answers of other statuses, and when there is none */
export async function send(hub: HubConnection, subject: Subject, message: Message): Promise<Answer> {
  const once = { ...hub, attempts: 1 };
  return await withRetries(message.repeatable === false ? once : hub, () => sendOnce(hub, subject, message));
}

/** Reads an answer as JSON of a form. @throws {HubError} when it is none */
export function readJson<T>({ text }: Answer, schema: z.ZodType<T>, { url }: Message): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : "it is no JSON";
    throw new HubError("protocol", `${problemOf(url)} answers something that was not expected: ${why}`);
  }
}

async function sendOnce(hub: HubConnection, subject: Subject, message: Message): Promise<Answer> {
  const { method, json, body, headers = {}, accept = [], withToken = true } = message;
  const home = new URL(hub.endpoint).origin;
  let at = new URL(message.url);
  for (let hops = 0; hops < 10; hops++) {
    const sent: Record<string, string> = { "user-agent": "kiln", ...headers };
    if (json !== undefined && body === undefined) sent["content-type"] ??= "application/json";
    if (withToken && hub.token !== undefined && at.origin === home) sent.authorization = `Bearer ${hub.token}`;
    const watchdog = new Watchdog(hub);
    let answer: Answer;
    try {
      const response = await fetch(at, {
        method,
        redirect: "manual",
        signal: watchdog.signal,
        headers: sent,
        body: body ?? (json === undefined ? undefined : JSON.stringify(json)),
      });
      watchdog.heard();
      const location = response.headers.get("location");
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        const next = new URL(location, at);
        // A repository that was renamed is at another path. What is sent is for the hub alone.
        if (next.origin !== home) {
          throw new HubError(
            "protocol",
            `${problemOf(at.href)} sends uploads on to ${next.origin}, which is another host.`,
          );
        }
        at = next;
        continue;
      }
      answer = { status: response.status, headers: response.headers, text: await response.text() };
      if (!response.ok && !accept.includes(response.status)) throw refusal(hub, subject, response, answer.text);
    } catch (cause) {
      if (cause instanceof HubError) throw cause;
      throw uploadError(hub, subject, cause);
    } finally {
      watchdog.stop();
    }
    return answer;
  }
  throw new HubError("protocol", `${problemOf(message.url)} redirects in circles.`);
}

/** The error for a connection that broke while something was sent. Rethrows the caller's own abort. */
export function uploadError(hub: HubConnection, { repo }: Subject, cause: unknown): HubError {
  hub.signal?.throwIfAborted();
  return new HubError(
    "network",
    `Could not upload to ${repo} at ${hub.endpoint}: ${
      withoutToken(hub, problemOf(cause))
    }. Check the network (HF_ENDPOINT names ` +
      "another hub) and run this again: large files that went up are not sent a second time.",
    true,
  );
}

/** The error for an answer that is none of success. */
export function refusal(hub: HubConnection, subject: Subject, response: Response, text: string): HubError {
  const { repo, page, revision } = subject;
  const { status } = response;
  const code = response.headers.get("x-error-code");
  const words = wordsOf(hub, response.headers.get("x-error-message"), text);
  const said = words === "" ? "" : ` The hub says: ${words}`;
  const tokens = `${hub.endpoint}/settings/tokens`;
  if (code === "RevisionNotFound") {
    return new HubError("notFound", `There is no revision ${revision} of ${repo}.${said}`);
  }
  if (code === "RepoNotFound" || status === 404) {
    return new HubError(
      "notFound",
      `There is no ${repo} on ${hub.endpoint}, or HF_TOKEN may not see it (${tokens}).${said}`,
    );
  }
  if (status === 401) {
    return new HubError(
      "denied",
      `${hub.endpoint} does not know the token in HF_TOKEN. Make one that may write at ${tokens} and set it.${said}`,
    );
  }
  if (status === 403) {
    return new HubError(
      "denied",
      `The token in HF_TOKEN may not write to ${repo} (${page}). It needs the role "write" or, if it is fine-grained, the right to ` +
        `write there (${tokens}); and you have to be its owner or a member of the organisation.${said}`,
    );
  }
  if (status === 408 || status === 429 || status >= 500) {
    const wait = status === 429 ? " It is asked too often: wait some minutes." : "";
    const message = `${hub.endpoint} answers ${status} for ${repo}.${wait}${said}`;
    return new HubError("network", message, true, undefined, retryAfterMs(response));
  }
  return new HubError("refused", `${hub.endpoint} refuses what was sent to ${repo} (status ${status}).${said}`);
}

const errorSchema = z.object({
  error: z.string().optional(),
  message: z.string().optional(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

function wordsOf(hub: HubConnection, header: string | null, text: string): string {
  let words = header ?? "";
  if (words === "" && text.startsWith("{")) {
    try {
      const { error, message, errors = [] } = errorSchema.parse(JSON.parse(text));
      words = error ?? message ?? errors.map((each) => each.message).join(" ");
    } catch {
      // Some other text, which may be a whole page.
    }
  }
  return withoutToken(hub, words).replace(/\s+/g, " ").slice(0, 500);
}

/** Nothing that is shown holds the token, whoever put it there. */
export function withoutToken({ token }: Pick<HubConnection, "token">, text: string): string {
  return token === undefined || token === "" ? text : text.replaceAll(token, "***");
}
