import { Random, type RandomSeed } from "../random/mod.ts";

/** Rows to learn from and rows to test with. */
export interface HeldOut<Row> {
  train: Row[];
  heldOut: Row[];
}

/**
 * Sets a share of the rows aside for evaluation, drawn by the seed. Rows with the same key, such as a question that stands
 * in a data set twice, come to the same side, so that nothing held out was learned. Both sides keep the rows' order.
 *
 * @param options.share Of the distinct keys, rounded to whole ones: above 0 and below 1; each side gets at least one.
 * @throws {RangeError} when the share is out of range, or there are fewer than two distinct keys
 */
export function holdOut<Row>(
  rows: readonly Row[],
  { share, seed, key }: { share: number; seed: RandomSeed; key: (row: Row) => string },
): HeldOut<Row> {
  if (!(share > 0 && share < 1)) throw new RangeError(`share is ${share}: expected a number between 0 and 1`);
  const keys = [...new Set(rows.map(key))];
  if (keys.length < 2) throw new RangeError(`${keys.length} different rows cannot be divided: expected at least 2`);
  const count = Math.min(keys.length - 1, Math.max(1, Math.round(share * keys.length)));
  const chosen = new Set(new Random(seed).fork("held out").shuffle(keys).slice(0, count));
  return {
    train: rows.filter((row) => !chosen.has(key(row))),
    heldOut: rows.filter((row) => chosen.has(key(row))),
  };
}
