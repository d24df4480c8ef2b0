/** Asks for one URL politely: checked, in its host's turn, with retries, and only for what changed. */
import type { CachedAnswer, PageCache } from "./page_cache.ts";
import type { FailReason, SkipReason } from "./events.ts";
import { FetchProcess, type FetchReply } from "./fetch_process.ts";
import type { HostGate } from "./host_gate.ts";
import { mediaTypeOf } from "./media_types.ts";
import type { CrawlSettings } from "./options.ts";
import type { FetchFailureKind } from "./protocol.ts";
import { backOff, isTransient, readRetryAfter } from "./retry_after.ts";
import { hostWithPort, type UrlPolicy } from "./url_policy.ts";

/** What came of asking. */
export type Answer =
  | { kind: "answer"; answer: CachedAnswer; fromCache: boolean }
  | { kind: "redirect"; status: number; location: string }
  | { kind: "skipped"; reason: SkipReason; message: string }
  | { kind: "failed"; reason: FailReason; message: string; status?: number };

/** What is wanted of one request. */
export interface Wanted {
  maxBytes: number;
  overflow: "fail" | "cut";
  mediaTypes: readonly string[] | null;
  /** Milliseconds to leave the host alone after each request. */
  pause: () => number;
  /** Answers of the cache from this moment on are taken without asking: milliseconds since 1970. */
  freshFrom?: number;
  /** Called for each request that goes out. */
  onRequest?: () => void;
  /** Called for each answer that came. */
  onReply?: (status: number, bytes: number) => void;
}

/** Fetches through processes of their own: see fetch_process.ts. */
export class PageFetcher implements AsyncDisposable {
  readonly #public = new FetchProcess("public");
  readonly #named: FetchProcess;

  constructor(
    private readonly policy: UrlPolicy,
    private readonly gate: HostGate,
    private readonly settings: CrawlSettings,
    private readonly cache: PageCache | undefined,
    private readonly signal: AbortSignal,
  ) {
    this.#named = new FetchProcess(policy.allowHosts);
  }

  /**
   * Asks for a URL. Redirects are told and not followed: their targets have to pass all checks too.
   *
   * @throws the signal's reason
   */
  async fetch(href: string, wanted: Wanted): Promise<Answer> {
    const verdict = this.policy.check(href);
    if (!verdict.allowed) return { kind: "skipped", reason: "unsafe", message: verdict.problem };
    const { url } = verdict;
    const found = await this.cache?.get(href);
    const kept = found !== undefined && isWanted(found, wanted) ? found : undefined;
    if (kept !== undefined && kept.fetchedAt >= (wanted.freshFrom ?? Infinity)) {
      return { kind: "answer", answer: kept, fromCache: true };
    }
    const process = verdict.origin === "named" ? this.#named : this.#public;
    const request = {
      url: url.href,
      headers: this.#headers(url, kept),
      maxBytes: wanted.maxBytes,
      overflow: wanted.overflow,
      mediaTypes: wanted.mediaTypes && [...wanted.mediaTypes],
      headTimeout: this.settings.headTimeout,
      idleTimeout: this.settings.idleTimeout,
      totalTimeout: this.settings.totalTimeout,
    };
    const host = hostWithPort(url);
    for (let attempt = 0;; attempt++) {
      const reply = await this.gate.pass(host, wanted.pause, this.signal, () => {
        wanted.onRequest?.();
        return process.fetch(request, this.signal);
      });
      if (reply.ok) wanted.onReply?.(reply.status, reply.body.length);
      const mayComeLater = reply.ok ? isTransient(reply.status) : LATER.has(reply.failure);
      if (!mayComeLater || attempt === this.settings.retries) return await this.#read(href, reply, kept);
      const asked = reply.ok ? readRetryAfter(reply.headers["retry-after"], Date.now()) : undefined;
      if (asked !== undefined && asked > this.settings.maxRetryAfter) {
        const message = `it answers ${reply.ok && reply.status} and asks to come back in ${Math.ceil(asked / 1000)} s`;
        return { kind: "failed", reason: "status", message, ...(reply.ok && { status: reply.status }) };
      }
      this.gate.rest(host, asked ?? backOff(attempt, this.settings.retryDelay));
    }
  }

  /** The same, following redirects wherever they lead, for robots.txt and sitemaps. */
  async fetchFollowing(href: string, wanted: Wanted, maxRedirects: number): Promise<Answer> {
    for (let redirects = 0;; redirects++) {
      const answer = await this.fetch(href, wanted);
      if (answer.kind !== "redirect" || redirects === maxRedirects) return answer;
      const verdict = this.policy.check(answer.location, href);
      if (!verdict.allowed) return { kind: "skipped", reason: "unsafe", message: verdict.problem };
      href = verdict.url.href;
    }
  }

  /** Ends the processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#public.close(), this.#named.close()]);
  }

  #headers(url: URL, kept: CachedAnswer | undefined): [string, string][] {
    // Made for each request from its own origin, so that nothing meant for one site reaches another through a redirect.
    const headers: Record<string, string> = { accept: ACCEPT, "accept-language": "en, *;q=0.5" };
    for (const [name, value] of Object.entries(this.settings.headers[url.origin] ?? {})) {
      headers[name.toLowerCase()] = value;
    }
    headers["user-agent"] = this.settings.userAgent;
    if (kept?.headers.etag !== undefined) headers["if-none-match"] = kept.headers.etag;
    if (kept?.headers["last-modified"] !== undefined) headers["if-modified-since"] = kept.headers["last-modified"];
    return Object.entries(headers);
  }

  async #read(url: string, reply: FetchReply, kept: CachedAnswer | undefined): Promise<Answer> {
    if (!reply.ok) return failureOf(reply.failure, reply.message);
    const { status, headers } = reply;
    if (status === 304 && kept !== undefined) {
      const answer = { ...kept, headers: { ...kept.headers, ...headers }, fetchedAt: Date.now() };
      await this.cache?.put(answer);
      return { kind: "answer", answer, fromCache: true };
    }
    if (REDIRECTS.has(status) && headers.location !== undefined) {
      return { kind: "redirect", status, location: headers.location };
    }
    if (status < 200 || status > 299) {
      return { kind: "failed", reason: "status", message: `it answers ${status}`, status };
    }
    const answer: CachedAnswer = { url, status, headers: { ...headers }, fetchedAt: Date.now(), body: reply.body };
    await this.cache?.put(answer);
    return { kind: "answer", answer, fromCache: false };
  }
}

/**
 * Whether an answer that was kept would be taken if it came now: what was kept as a sitemap, or when more bytes were allowed, may
 * be nothing that is read as a page.
 */
function isWanted({ headers, body }: CachedAnswer, { maxBytes, overflow, mediaTypes }: Wanted): boolean {
  if (overflow === "fail" && body.length > maxBytes) return false;
  return mediaTypes === null || mediaTypes.includes(mediaTypeOf(headers["content-type"]));
}

const ACCEPT = "text/html, application/xhtml+xml, application/pdf, text/markdown, text/plain;q=0.9, */*;q=0.1";
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const LATER = new Set<FetchFailureKind>(["network", "timeout"]);

function failureOf(failure: FetchFailureKind, message: string): Answer {
  switch (failure) {
    case "denied address":
      return { kind: "skipped", reason: "unsafe", message: `its name leads to a denied address: ${message}` };
    case "content type":
    case "too large":
      return { kind: "skipped", reason: failure, message };
    case "network":
    case "timeout":
      return { kind: "failed", reason: failure, message };
    case "headers too large":
    case "content encoding":
      return { kind: "failed", reason: "answer", message };
  }
}
