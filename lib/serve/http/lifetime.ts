/** How long the work for a request is worth doing. */
import { ApiError } from "./api_error.ts";
import type { ServiceMetrics } from "./metrics.ts";

/** The client has gone, or has stopped reading: nobody will see the answer. */
export class ClientLeftError extends Error {
  override name = "ClientLeftError";

  constructor(readonly how: "left" | "stalled") {
    super(how === "left" ? "the client has left" : "the client has stopped reading");
  }
}

/** Aborted when the client leaves, or when the service ends and its grace is over. Release it when the work is done. */
export class Lifetime {
  readonly #controller = new AbortController();
  readonly #stopListening: () => void;
  #isOver = false;

  /**
   * @param request Its signal tells of a client that leaves.
   * @param ending Aborted when the service waits no longer.
   */
  constructor(request: Request, ending: AbortSignal, private readonly metrics: ServiceMetrics) {
    const { signal } = request;
    const left = () => this.leave("left");
    const end = () => this.end(ending.reason);
    signal.addEventListener("abort", left);
    ending.addEventListener("abort", end);
    this.#stopListening = () => {
      signal.removeEventListener("abort", left);
      ending.removeEventListener("abort", end);
    };
    if (signal.aborted) left();
    if (ending.aborted) end();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether nobody waits for the answer. */
  get hasLeft(): boolean {
    return this.signal.reason instanceof ClientLeftError;
  }

  leave(how: "left" | "stalled"): void {
    if (this.#isOver || this.signal.aborted) return;
    this.metrics.aborted.add(1, { reason: how });
    this.#controller.abort(new ClientLeftError(how));
    this.#stopListening();
  }

  /** Ends the work before its time; the client is told why. */
  end(reason: unknown): void {
    if (!this.#isOver) this.#controller.abort(reason);
  }

  /** The work is done: whoever leaves now leaves nothing undone. */
  release(): void {
    this.#isOver = true;
    this.#stopListening();
  }
}

/** The reason of a service that waits no longer. */
export function endingError(): ApiError {
  return new ApiError(503, "the service ends, and this reply took longer than it could wait", {
    code: "closing",
    retryAfterSeconds: 5,
  });
}
