/** Work in batches of like length. */

/** How to batch. */
export interface BatchOptions {
  /** Default 32. */
  batchSize?: number;
  signal?: AbortSignal;
  /** Called after each batch. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Runs items in batches, those of like length together, the longest first: a lack of memory shows at once. A batch ends early
 * where items are less than half as long as its longest, so that never more than half of what is computed is padding.
 *
 * @param lengths Of each item, in tokens.
 * @param run Gets the numbers of a batch's items, at least one.
 * @throws {RangeError} When `batchSize` is not a whole number above 0.
 * @throws The signal's reason, between two batches.
 */
export async function inBatches(
  lengths: readonly number[],
  { batchSize = 32, signal, onProgress }: BatchOptions,
  run: (items: readonly number[]) => Promise<void>,
): Promise<void> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected a whole number above 0, got ${batchSize}`);
  }
  signal?.throwIfAborted();
  const order = lengths.map((_, item) => item).sort((a, b) => lengths[b] - lengths[a]);
  for (let start = 0; start < order.length;) {
    signal?.throwIfAborted();
    let end = start + 1;
    while (end < order.length && end < start + batchSize && lengths[order[end]] * 2 >= lengths[order[start]]) end++;
    await run(order.slice(start, end));
    onProgress?.(end, order.length);
    start = end;
  }
}
