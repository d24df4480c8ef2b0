/** The tries of one request. */
import { EndpointFault } from "./errors.ts";
import type { Member, TokenCounts } from "./member.ts";
import type { Pool } from "./pool.ts";

/** What a request needs. */
export interface AttemptOptions {
  /** Replies that it asks for (`n`): it takes as much of the endpoint's concurrency. Default 1. */
  replies?: number;
  signal?: AbortSignal;
}

/** A request's turn at an endpoint. Tell how it ended, once, by `succeeded`, `failed` or `left`. */
export interface Turn {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: string | undefined;
  /** How the pool reaches it. */
  readonly fetch: typeof fetch;
  /** Another one each time that the endpoint has been away: what was loaded into it before may be gone. */
  readonly incarnation: number;
  /** Aborted with the request's own, and when the endpoint is lost. */
  readonly signal: AbortSignal;
  /** It was answered. */
  succeeded(tokens?: TokenCounts): void;
  /**
   * It was not. Returns when it may be tried again, by `Attempts.next()`.
   *
   * @throws What it was, when it is not to be tried again; the signal's reason when it is aborted.
   */
  failed(error: unknown): void;
  /** Nobody wants the answer any more. */
  left(): void;
}

/** Hands out turns, until one succeeds or there are to be no more. */
export class Attempts {
  #faults = 0;
  #busySince: number | null = null;
  #avoid = new Set<Member>();

  /** @param place In the line. */
  constructor(readonly pool: Pool, readonly place: number, readonly options: AttemptOptions) {
    const { replies = 1 } = options;
    if (Number.isSafeInteger(replies) && replies >= 1) return;
    throw new RangeError(`replies: expected a whole number, 1 or more, got ${replies}`);
  }

  /**
   * Waits for a turn. There must be none that has not ended.
   *
   * @throws {NoEndpointError} and the signal's reason.
   */
  async next(): Promise<Turn> {
    const { pool, place, options: { signal, replies = 1 } } = this;
    const member = await pool.take({ place, replies, avoid: this.#avoid }, signal);
    const { url, key, incarnation, lost } = member;
    let hasEnded = false;
    const end = () => {
      if (hasEnded) return false;
      hasEnded = true;
      return true;
    };
    return {
      ...{ url, key, incarnation, fetch: pool.settings.fetch },
      signal: signal ? AbortSignal.any([signal, lost]) : lost,
      succeeded: (tokens = { promptTokens: 0, completionTokens: 0 }) => {
        if (!end()) return;
        member.succeeded(tokens);
        pool.giveBack(member, replies);
      },
      left: () => {
        if (end()) pool.giveBack(member, replies);
      },
      failed: (error) => {
        if (!end()) throw error;
        const wasLost = lost.aborted && !signal?.aborted;
        try {
          this.#judge(
            member,
            wasLost ? new EndpointFault("connection", `${url}: it is lost: ${member.stats.lastFailure}`) : error,
          );
        } finally {
          pool.giveBack(member, replies);
        }
      },
    };
  }

  /** Sees to an endpoint that has failed; throws when the request is not to be tried again. */
  #judge(member: Member, error: unknown): void {
    const { clock, maxRetries, patienceMs } = this.pool.settings;
    this.options.signal?.throwIfAborted();
    if (!(error instanceof EndpointFault)) throw error;
    if (error.kind === "busy") {
      member.tooBusy(error.message, error.retryAfterMs);
      this.#busySince ??= clock.now();
      if (clock.now() - this.#busySince >= patienceMs) throw error;
    } else {
      member.failed(error.message);
      if (++this.#faults > maxRetries) throw error;
    }
    this.#avoid.add(member);
    // Where all have failed, the one that failed longest ago may be well again.
    if (this.#avoid.size === this.pool.members.length) this.#avoid = new Set([member]);
  }
}
