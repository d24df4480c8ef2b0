/** What can go wrong between a request and the endpoint that it was given to. */

/**
 * Why another endpoint may do better.
 * - `connection`: it cannot be reached, or the connection broke.
 * - `timeout`: nothing came in time.
 * - `server`: it failed (408, 5xx).
 * - `busy`: it has too much to do (429, or 503 with a time to try again).
 */
export type FaultKind = "connection" | "timeout" | "server" | "busy";

/** The endpoint is at fault: the same request may do elsewhere. */
export class EndpointFault extends Error {
  override name = "EndpointFault";
  /** When it wants to be asked again, in milliseconds; only where it is busy. */
  readonly retryAfterMs?: number;

  constructor(readonly kind: FaultKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The request is at fault (4xx): no other endpoint would take it either. */
export class EndpointRefusal extends Error {
  override name = "EndpointRefusal";

  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** No endpoint could be used for too long. The message says what became of each. */
export class NoEndpointError extends Error {
  override name = "NoEndpointError";
}
