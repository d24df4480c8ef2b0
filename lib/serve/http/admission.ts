/** Which requests are let in. What is let in waits for a row in the engine, whose order is first come, first served. */
import { ApiError } from "./api_error.ts";
import type { Limits } from "./limits.ts";

/** A place of a request that was let in. Give it back once; more often does nothing. */
export interface Ticket {
  leave(): void;
}

/** Why a request was not let in. */
export type Refusal = "full" | "client_full" | "closing";

/** Counts the replies that are written or wait, of all clients and of each. */
export class Admission {
  readonly #byClient = new Map<string, number>();
  readonly #whenEmpty: (() => void)[] = [];
  #inside = 0;
  #isClosed = false;
  /** How long a reply takes, in seconds: a running mean. */
  #meanSeconds = 2;

  constructor(
    private readonly limits: Pick<Limits, "maxRequests" | "maxRequestsPerClient">,
    private readonly onRefusal: (why: Refusal) => void = () => {},
  ) {}

  /** Replies that are written or wait. */
  get inside(): number {
    return this.#inside;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Lets a request in.
   *
   * @param client Told apart by it: the address.
   * @param replies How many replies it asks for.
   * @throws {ApiError} 429 when there is no place, 503 when the service is about to end; both say when to try again.
   */
  enter(client: string, replies = 1): Ticket {
    const { maxRequests, maxRequestsPerClient = maxRequests } = this.limits;
    const own = this.#byClient.get(client) ?? 0;
    if (this.#isClosed) {
      throw this.#refusal("closing", 503, "the service is about to end: try again when it is back");
    }
    if (this.#inside + replies > maxRequests) {
      throw this.#refusal(
        "full",
        429,
        `${this.#inside} replies are written or wait already, and there may be ${maxRequests}: try again later`,
      );
    }
    if (own + replies > maxRequestsPerClient) {
      throw this.#refusal(
        "client_full",
        429,
        `${own} replies for this client are written or wait already, and one client may have ${maxRequestsPerClient}`,
      );
    }
    this.#inside += replies;
    this.#byClient.set(client, own + replies);
    const begun = performance.now();
    let isInside = true;
    return {
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#meanSeconds += ((performance.now() - begun) / 1000 - this.#meanSeconds) / 20;
        this.#leave(client, replies);
      },
    };
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when nobody is inside. */
  empty(): Promise<void> {
    if (this.#inside === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #leave(client: string, replies: number): void {
    const left = (this.#byClient.get(client) ?? 0) - replies;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
    this.#inside -= replies;
    if (this.#inside === 0) { for (const resolve of this.#whenEmpty.splice(0)) resolve(); }
  }

  #refusal(why: Refusal, status: number, message: string): ApiError {
    this.onRefusal(why);
    const retryAfterSeconds = Math.min(60, Math.max(1, Math.ceil(this.#meanSeconds)));
    const code = why === "closing" ? "closing" : why === "full" ? "queue_full" : "too_many_requests";
    return new ApiError(status, message, { code, retryAfterSeconds });
  }
}
