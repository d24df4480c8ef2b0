/** Time, so that tests need not wait for it. */

/** What the pool knows of time. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Runs something later. Returns what calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
