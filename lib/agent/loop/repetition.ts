import type { ToolCallRequest } from "../calls/mod.ts";
import type { ToolOutcome } from "../tools/mod.ts";

/** How often the same calls may give the same results. */
const MAX_SAME = 3;

/** Notices a model that goes in circles: turns with the same calls and the same results as turns before. */
export class RepetitionWatch {
  readonly #seen = new Map<string, number>();

  /** Whether this turn is the third of its kind. */
  isRepeated(calls: readonly ToolCallRequest[], outcomes: readonly ToolOutcome[]): boolean {
    const key = JSON.stringify(calls.map(({ name, arguments: given }, index) => [
      name,
      Object.entries(given).sort(([a], [b]) => a < b ? -1 : 1),
      outcomes[index]?.text,
    ]));
    const times = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, times);
    return times >= MAX_SAME;
  }
}
