/** What a run may use, shared by the model, its tools and what they search. */
import type { ChatUsage } from "../chat/mod.ts";
import type { StopReason } from "./events.ts";

/** The limits of a run. */
export interface BudgetLimits {
  /** Turns of the model. Default 8. */
  maxSteps?: number;
  /** Tokens that the model writes in all turns together. Default 4,096. */
  maxTokens?: number;
  /** Default 120. */
  maxSeconds?: number;
  signal?: AbortSignal;
}

/** What was used of a budget. */
export interface BudgetUse {
  /** Turns of the model. */
  steps: number;
  usage: ChatUsage;
  milliseconds: number;
}

/** Counts what a run uses. Dispose it, so that its clock stops. */
export class RunBudget {
  /** Aborted when the time is up or the caller's signal is. */
  readonly signal: AbortSignal;
  readonly maxSteps: number;
  readonly maxTokens: number;
  steps = 0;
  readonly usage: ChatUsage = { promptTokens: 0, completionTokens: 0 };
  readonly #started = performance.now();
  readonly #clock = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor({ maxSteps = 8, maxTokens = 4096, maxSeconds = 120, signal }: BudgetLimits = {}) {
    for (const [name, limit] of Object.entries({ maxSteps, maxTokens })) {
      if (!Number.isInteger(limit) || limit < 1) {
        throw new RangeError(`${name}: expected a whole number above 0, got ${limit}`);
      }
    }
    // Timers count milliseconds in 32 bits; above that they fire at once.
    if (!(maxSeconds > 0 && maxSeconds <= MAX_SECONDS)) {
      throw new RangeError(`maxSeconds: expected a number above 0 and at most ${MAX_SECONDS}, got ${maxSeconds}`);
    }
    this.maxSteps = maxSteps;
    this.maxTokens = maxTokens;
    this.#timer = setTimeout(() => this.#clock.abort(new TimeoutReached(maxSeconds)), maxSeconds * 1000);
    this.signal = signal === undefined ? this.#clock.signal : AbortSignal.any([signal, this.#clock.signal]);
  }

  /** Milliseconds since it was made. */
  get milliseconds(): number {
    return performance.now() - this.#started;
  }

  /** Tokens that the model may still write. */
  get tokensLeft(): number {
    return Math.max(0, this.maxTokens - this.usage.completionTokens);
  }

  /** What was used so far, for `since`. */
  snapshot(): BudgetUse {
    return { steps: this.steps, usage: { ...this.usage }, milliseconds: this.milliseconds };
  }

  /** What was used since then: the part of one run, where several share a budget. */
  since({ steps, usage, milliseconds }: BudgetUse): BudgetUse {
    return {
      steps: this.steps - steps,
      usage: {
        promptTokens: this.usage.promptTokens - usage.promptTokens,
        completionTokens: this.usage.completionTokens - usage.completionTokens,
        ...(this.usage.isEstimated ? { isEstimated: true } : {}),
      },
      milliseconds: this.milliseconds - milliseconds,
    };
  }

  /** Adds a turn's tokens. */
  spend({ promptTokens, completionTokens, isEstimated }: ChatUsage): void {
    this.usage.promptTokens += promptTokens;
    this.usage.completionTokens += completionTokens;
    if (isEstimated) this.usage.isEstimated = true;
  }

  /** Which limit is reached; null while none is. */
  reached(): StopReason | null {
    if (this.signal.aborted) return this.signal.reason instanceof TimeoutReached ? "time limit" : "aborted";
    if (this.tokensLeft === 0) return "token limit";
    return this.steps >= this.maxSteps ? "step limit" : null;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

const MAX_SECONDS = 2_000_000;

/** The time of a run is up. */
class TimeoutReached extends Error {
  override name = "TimeoutReached";
  constructor(seconds: number) {
    super(`the run's time limit of ${seconds} s is reached`);
  }
}
