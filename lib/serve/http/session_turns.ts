/** One answer at a time in each conversation. */
import { ApiError } from "./api_error.ts";

/** Ends a turn; more often than once does nothing. */
export type EndTurn = () => void;

/** Questions to the same conversation wait for each other: an answer builds on the one before it. */
export class SessionTurns {
  readonly #turns = new Map<
    string,
    { ended: Promise<void>; interrupt: (reason: unknown) => void; isWaitedFor: boolean }
  >();

  /** Conversations that are being answered. */
  get running(): number {
    return this.#turns.size;
  }

  /**
   * Begins a turn, after the one that is running.
   *
   * @param interrupt Ends the turn's work before its time.
   * @param signal Ends the waiting.
   * @throws {ApiError} 409 when another question waits already; the signal's reason.
   */
  async begin(id: string, interrupt: (reason: unknown) => void, signal: AbortSignal): Promise<EndTurn> {
    // Somebody else may come between the end of a turn and who has waited for it.
    for (let running = this.#turns.get(id); running; running = this.#turns.get(id)) {
      if (running.isWaitedFor) {
        throw new ApiError(409, "another question to this conversation waits already", { code: "session_busy" });
      }
      running.isWaitedFor = true;
      try {
        await endedOrAborted(running.ended, signal);
      } finally {
        running.isWaitedFor = false;
      }
    }
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#turns.set(id, { ended, interrupt, isWaitedFor: false });
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      this.#turns.delete(id);
      resolve();
    };
  }

  /** Ends the running turn of a conversation, where there is one. */
  interrupt(id: string, reason: unknown): void {
    this.#turns.get(id)?.interrupt(reason);
  }
}

async function endedOrAborted(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([ended, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
