/** Several streams read as one. */

/** A value, and the number of the stream that it is of. */
export interface Merged<Value> {
  index: number;
  value: Value;
}

/**
 * Reads streams side by side, in the order in which their values come. When one fails, or the reader leaves, all are left.
 */
export async function* merged<Value>(streams: readonly AsyncIterable<Value>[]): AsyncGenerator<Merged<Value>, void> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const pending = new Map(iterators.map((iterator, index) => [index, step(iterator, index)]));
  try {
    while (pending.size > 0) {
      const { index, result } = await Promise.race(pending.values());
      if (result.done) {
        pending.delete(index);
        continue;
      }
      // Asked for before this one is handed on: with several streams, the others go on meanwhile anyhow.
      pending.set(index, step(iterators[index], index));
      yield { index, value: result.value };
    }
  } finally {
    for (const [index, unread] of pending) {
      // What it throws on its way out is nobody's business any more.
      unread.catch(() => {});
      iterators[index].return?.()?.then(() => {}, () => {});
    }
  }
}

async function step<Value>(iterator: AsyncIterator<Value>, index: number) {
  return { index, result: await iterator.next() };
}
