/** How long the texts of preference data are, in tokens. */
import type { PreferenceExample } from "./dpo_batches.ts";
import { mean } from "./step.ts";

/** Lengths of one kind of text. */
export interface LengthSummary {
  min: number;
  mean: number;
  median: number;
  /** Nineteen of twenty are not longer. */
  p95: number;
  max: number;
}

/** Lengths of all kinds. */
export interface PreferenceLengths {
  pairs: number;
  prompt: LengthSummary;
  chosen: LengthSummary;
  rejected: LengthSummary;
  /** Share of pairs whose chosen completion is the longer one: far from a half, a policy may learn length. */
  chosenLongerShare: number;
  /** Pairs of which a completion with its prompt is longer than `maxLength`; 0 where none is given. */
  longerThanMax: number;
}

/**
 * Counts tokens.
 *
 * @throws When there are no pairs.
 */
export function preferenceLengths(
  pairs: readonly PreferenceExample[],
  { maxLength = Infinity }: { maxLength?: number } = {},
): PreferenceLengths {
  if (pairs.length === 0) throw new Error("preferenceLengths: there are no pairs");
  const [prompt, chosen, rejected] = (["promptIds", "chosenIds", "rejectedIds"] as const)
    .map((key) => pairs.map((pair) => pair[key].length));
  const count = (holds: (row: number) => boolean) => pairs.filter((_, row) => holds(row)).length;
  return {
    pairs: pairs.length,
    prompt: summary(prompt),
    chosen: summary(chosen),
    rejected: summary(rejected),
    chosenLongerShare: count((row) => chosen[row] > rejected[row]) / pairs.length,
    longerThanMax: count((row) => prompt[row] + Math.max(chosen[row], rejected[row]) > maxLength),
  };
}

function summary(lengths: readonly number[]): LengthSummary {
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { min: sorted[0], mean: mean(lengths), median: at(0.5), p95: at(0.95), max: sorted.at(-1)! };
}
