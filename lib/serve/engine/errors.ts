/** What can go wrong between a request and its tokens. */

/**
 * Why a request was not begun.
 * - `unknownModel`: no model of that name, or not of that kind.
 * - `tooLong`: the prompt leaves no room for a token in the context, or a text is longer than the embedder reads.
 * - `template`: the chat template refuses the messages.
 * - `option`: an option or the input makes no sense; `param` names it.
 */
export type RequestProblem = "unknownModel" | "tooLong" | "template" | "option";

/** The request is at fault: the same again would fail again. */
export class EngineRequestError extends Error {
  override name = "EngineRequestError";

  /** @param param The field of the request, such as `temperature`. */
  constructor(readonly problem: RequestProblem, message: string, readonly param?: string) {
    super(message);
  }
}

/** As many requests wait as may: try again later. */
export class EngineBusyError extends Error {
  override name = "EngineBusyError";

  constructor(readonly waiting: number, readonly maxQueue: number, readonly retryAfterSeconds: number) {
    super(`${waiting} requests wait already, and ${maxQueue} may: try again in ${retryAfterSeconds} s`);
  }
}

/** The engine is closed or has crashed: no request can be served any more. */
export class EngineUnavailableError extends Error {
  override name = "EngineUnavailableError";

  constructor(readonly state: "closed" | "crashed", message: string) {
    super(message);
  }
}

/**
 * What went wrong with a request that had begun.
 * - `model`: the model failed; others go on.
 * - `stalled`: the reader has taken nothing for too long.
 */
export type FailureKind = "model" | "stalled";

/** A request that had begun could not be finished. */
export class EngineFailure extends Error {
  override name = "EngineFailure";

  constructor(readonly kind: FailureKind, message: string) {
    super(message);
  }
}
