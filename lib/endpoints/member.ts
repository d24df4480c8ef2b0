/** One endpoint of a pool: how it is, what it has to do, and what it has done. */
import type { PoolSettings } from "./options.ts";

/** How an endpoint is, and what it has done. */
export interface EndpointStats {
  url: string;
  /** `"busy"`: it has asked not to be asked for a while. `"out"`: it has failed, and has not answered since. */
  state: "up" | "busy" | "out";
  /** Replies under way. */
  open: number;
  maxConcurrency: number;
  /** Requests that it has answered. */
  requests: number;
  /** Requests that failed by its fault; others may have answered them. */
  failures: number;
  /** Requests that it was too busy for. */
  refusals: number;
  /** Of the answered requests, as far as they said. */
  promptTokens: number;
  completionTokens: number;
  /** What went wrong last; empty when nothing has. */
  lastFailure: string;
}

/** What an answer took. */
export interface TokenCounts {
  promptTokens: number;
  completionTokens: number;
}

/** Looks that fail in a row until requests under way are taken for lost. */
const LOST_AFTER = 3;

/** Milliseconds until an endpoint that is out is looked at again, at first. */
const FIRST_WAIT = 500;

/** Milliseconds that an endpoint is left alone when it is busy and does not say for how long, at first. */
const FIRST_PAUSE = 1000;

/** It is left alone for a moment also where it says that it need not be, in milliseconds, at first. */
const SHORTEST_PAUSE = 20;

/** No endpoint is left alone for longer, whatever it says, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/** An endpoint of a pool. */
export class Member {
  readonly url: string;
  readonly key: string | undefined;
  readonly maxConcurrency: number;
  /** Replies under way. */
  open = 0;
  /** When it was last given something, by a counter. */
  lastUsed = 0;
  /** Grows each time it is taken out: what it had loaded before may be gone. */
  incarnation = 0;
  isOut = false;
  #pausedUntil = -Infinity;
  /** Aborts what is under way when the endpoint is lost. */
  #lost = new AbortController();
  /** In a row. */
  #faults = 0;
  #busies = 0;
  #failedLooks = 0;
  /** When it is to be looked at next. */
  #nextLook: number;
  #callOff: (() => void) | null = null;
  #look: { end: AbortController; done: Promise<void> } | null = null;
  /** Which address tells how it is; null until one was found. */
  #healthPath: "health" | "models" | null = null;
  #counts = { requests: 0, failures: 0, refusals: 0, promptTokens: 0, completionTokens: 0 };
  #lastFailure = "";
  #lastRefusal = "";

  /** @param onChange Called when it is taken out, set aside or in again, and after each look. */
  constructor(
    { url, key, maxConcurrency }: PoolSettings["endpoints"][number],
    readonly settings: PoolSettings,
    readonly onChange: () => void,
  ) {
    this.url = url;
    this.key = key;
    this.maxConcurrency = maxConcurrency;
    this.#nextLook = settings.clock.now() + settings.healthIntervalMs;
  }

  get state(): EndpointStats["state"] {
    if (this.isOut) return "out";
    return this.#pausedUntil > this.settings.clock.now() ? "busy" : "up";
  }

  get stats(): EndpointStats {
    const { url, state, open, maxConcurrency } = this;
    return { url, state, open, maxConcurrency, ...this.#counts, lastFailure: this.#lastFailure };
  }

  /** What ends requests under way when the endpoint is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it is in, and has answered since it was too busy. */
  get isWell(): boolean {
    return !this.isOut && this.#busies === 0;
  }

  /** Why it is not well. */
  get trouble(): string {
    return this.isOut ? this.#lastFailure : this.#lastRefusal;
  }

  /** Whether a request for so many replies fits in: one that is more than it ever takes has it for itself. */
  hasRoom(replies: number): boolean {
    return this.open === 0 || this.open + replies <= this.maxConcurrency;
  }

  /** A request was answered. */
  succeeded({ promptTokens, completionTokens }: TokenCounts): void {
    this.#counts.requests++;
    this.#counts.promptTokens += promptTokens;
    this.#counts.completionTokens += completionTokens;
    this.#faults = 0;
    if (this.#busies === 0) return;
    this.#busies = 0;
    this.onChange();
  }

  /** A request failed by its fault: it is looked at, and gets no other until it answers. */
  failed(why: string): void {
    this.#counts.failures++;
    this.#lastFailure = why;
    if (this.isOut) return;
    // One fault may be chance: it is looked at at once. Where it says that it is well and fails again, it takes longer.
    const wait = this.#faults === 0 ? 0 : this.#growing(this.#faults);
    this.#faults++;
    this.#takeOut(why, wait);
  }

  /** It has too much to do. */
  tooBusy(why: string, retryAfterMs: number | undefined): void {
    const { clock, onChange } = this.settings;
    this.#counts.refusals++;
    this.#lastRefusal = why;
    const before = this.state;
    // Of several requests that it refuses at once the first tells how busy it is.
    if (before === "busy" && retryAfterMs === undefined) return;
    const least = (retryAfterMs === undefined ? FIRST_PAUSE : SHORTEST_PAUSE) * 2 ** Math.min(10, this.#busies);
    if (before !== "busy") this.#busies++;
    const pause = Math.min(Math.max(retryAfterMs ?? 0, least), LONGEST_PAUSE);
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.now() + pause);
    if (this.state !== before) onChange({ url: this.url, state: "busy", why });
    this.onChange();
  }

  /** Milliseconds until its pause ends; 0 when there is none. */
  get pause(): number {
    return Math.max(0, this.#pausedUntil - this.settings.clock.now());
  }

  /** Looks at it when it is time to, from here on. */
  watch(): void {
    if (this.#callOff !== null || this.#look !== null) return;
    const { clock } = this.settings;
    this.#callOff = clock.after(Math.max(0, this.#nextLook - clock.now()), () => {
      this.#callOff = null;
      this.look();
    });
  }

  /** Looks no more. */
  rest(): void {
    this.#callOff?.();
    this.#callOff = null;
    this.#look?.end.abort();
    this.#look = null;
  }

  /** Looks at it now, and sees to what follows. Never rejects. */
  look(): Promise<void> {
    if (this.#look !== null) return this.#look.done;
    this.#callOff?.();
    this.#callOff = null;
    const end = new AbortController();
    const done = this.#lookOnce(end);
    this.#look = { end, done };
    return done;
  }

  async #lookOnce(end: AbortController): Promise<void> {
    const problem = await this.#problem(end.signal);
    // Nobody wants to know any more.
    if (this.#look?.end !== end) return;
    this.#look = null;
    if (problem === null) this.#isWell();
    else this.#isIll(problem);
  }

  #isWell(): void {
    const { clock, healthIntervalMs, onChange } = this.settings;
    this.#failedLooks = 0;
    this.#nextLook = clock.now() + healthIntervalMs;
    if (this.isOut) {
      this.isOut = false;
      onChange({ url: this.url, state: "up", why: "" });
    }
    this.onChange();
  }

  #isIll(why: string): void {
    this.#lastFailure = why;
    this.#failedLooks++;
    if (this.#failedLooks >= LOST_AFTER) {
      this.#lost.abort();
      this.#lost = new AbortController();
    }
    this.#takeOut(why, this.#growing(this.#failedLooks));
  }

  #takeOut(why: string, wait: number): void {
    const { clock, onChange } = this.settings;
    this.#nextLook = clock.now() + wait;
    this.#callOff?.();
    this.#callOff = null;
    if (!this.isOut) {
      this.isOut = true;
      this.incarnation++;
      onChange({ url: this.url, state: "out", why });
    }
    this.onChange();
  }

  #growing(times: number): number {
    return Math.min(this.settings.maxProbeIntervalMs, FIRST_WAIT * 2 ** Math.min(20, times - 1));
  }

  /** Null when it is well. Its `/health` says so (vLLM, llama.cpp, Kiln); where there is none, its list of models. */
  async #problem(signal: AbortSignal): Promise<string | null> {
    const { clock, healthTimeoutMs } = this.settings;
    const late = new AbortController();
    const callOff = clock.after(healthTimeoutMs, () => late.abort());
    const either = AbortSignal.any([signal, late.signal]);
    try {
      if (this.#healthPath !== "models") {
        const status = await this.#statusOf(this.url.replace(/\/v\d+$/, "") + "/health", either);
        // A redirect is no answer: a gateway sends all that it does not know to its front page.
        if (status < 300 || status >= 500) {
          this.#healthPath = "health";
          return status < 300 ? null : `its /health answered ${status}`;
        }
        // Only an endpoint without that address is asked elsewhere from now on.
        if (this.#healthPath === "health") return `its /health answered ${status}`;
      }
      const status = await this.#statusOf(`${this.url}/models`, either);
      if (status < 300) this.#healthPath = "models";
      return status < 300 ? null : `its /models answered ${status}`;
    } catch (error) {
      if (late.signal.aborted) return `it did not say how it is in ${healthTimeoutMs / 1000} s`;
      return error instanceof Error ? error.message : String(error);
    } finally {
      callOff();
    }
  }

  async #statusOf(url: string, signal: AbortSignal): Promise<number> {
    const headers = this.key === undefined ? undefined : { authorization: `Bearer ${this.key}` };
    const response = await this.settings.fetch(url, { headers, signal, redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  }
}
