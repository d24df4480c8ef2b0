/** How fast a batch was lately. */

/** What "lately" means. */
const WINDOW_MILLISECONDS = 10_000;

/** Shortest time between two notes. */
const NOTE_MILLISECONDS = 250;

/** Share of the newest request in the mean of their times. */
const NEWEST_SHARE = 0.1;

/** Counts tokens in a window of time, and how long requests take. */
export class Throughput {
  readonly #notes: { at: number; tokens: number }[] = [];
  #meanMilliseconds = 0;

  /** @param tokens Tokens in all until now. */
  note(tokens: number): void {
    const at = performance.now();
    const last = this.#notes.at(-1);
    if (last && at - last.at < NOTE_MILLISECONDS) return;
    this.#notes.push({ at, tokens });
    this.#forget(at);
  }

  /** A request ended after so long. */
  ended(milliseconds: number): void {
    this.#meanMilliseconds = this.#meanMilliseconds === 0
      ? milliseconds
      : this.#meanMilliseconds + NEWEST_SHARE * (milliseconds - this.#meanMilliseconds);
  }

  /** @param tokens Tokens in all until now. */
  tokensPerSecond(tokens: number): number {
    this.#forget(performance.now());
    const [first] = this.#notes;
    return first ? (tokens - first.tokens) / (WINDOW_MILLISECONDS / 1000) : 0;
  }

  /** When one of those that wait will have had a row, about: a whole number from 1 to 60. */
  secondsUntilFree(waiting: number, rows: number): number {
    return Math.min(60, Math.max(1, Math.ceil(waiting / rows * this.#meanMilliseconds / 1000)));
  }

  #forget(now: number): void {
    while (this.#notes.length > 0 && now - this.#notes[0].at > WINDOW_MILLISECONDS) this.#notes.shift();
  }
}
