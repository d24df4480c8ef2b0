/**
 * Visiting rows of like length together, so that a batch has little padding, as transformers' LengthGroupedSampler does:
 * the shuffled rows are cut into stretches of some batches, and each stretch is sorted, longest first.
 */
import type { Random } from "../random/mod.ts";
import { chunk, epochOrder } from "./batch.ts";

/** Batches of a stretch, unless the data set is so small that it would have fewer than four. */
const MOST_BATCHES = 50;

/**
 * The order of an epoch: the longest row of all comes first, so that a lack of memory shows in the first step. It depends
 * on the seed and the epoch only, so that a resumed run sees the same rows.
 *
 * @param lengths Tokens of each row.
 * @param rowsPerStep Rows of an optimizer step, all its micro-batches together.
 */
export function lengthGroupedOrder(
  lengths: readonly number[],
  rowsPerStep: number,
  random: Random,
  epoch: number,
): number[] {
  const batches = Math.max(1, Math.min(MOST_BATCHES, Math.floor(lengths.length / (4 * rowsPerStep))));
  const stretches = chunk(epochOrder(lengths.length, random, epoch), batches * rowsPerStep)
    .map((rows) => rows.sort((a, b) => lengths[b] - lengths[a]));
  let longest = 0;
  stretches.forEach(([row], index) => {
    if (lengths[row] > lengths[stretches[longest][0]]) longest = index;
  });
  if (longest > 0) {
    [stretches[0][0], stretches[longest][0]] = [stretches[longest][0], stretches[0][0]];
  }
  return stretches.flat();
}
