/**
 * Goes on with a stream unless nothing comes of it for a time. The clock runs only while somebody waits for the stream.
 *
 * @param milliseconds At most 2^31 - 1.
 * @throws What `stalled` makes, after the time; the stream is then left behind.
 */
export async function* unlessStalled<T>(
  stream: AsyncIterable<T>,
  milliseconds: number,
  stalled: () => Error,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    for (;;) {
      const { promise: silence, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(stalled()), milliseconds);
      let next: IteratorResult<T>;
      try {
        next = await Promise.race([iterator.next(), silence]);
      } finally {
        clearTimeout(timer);
      }
      if (next.done) {
        isOpen = false;
        return;
      }
      yield next.value;
    }
  } finally {
    // It may never settle: nobody waits for it.
    if (isOpen) iterator.return?.()?.catch(() => {});
  }
}
