/**
 * Goes on with a stream until it ends or the signal is aborted, also when the stream does not listen to the signal: then it is
 * left behind.
 *
 * @throws The signal's reason when it is aborted.
 */
export async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const iterator = stream[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) {
        isOpen = false;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    // A stream that threw is closed; one that was left behind is told, and what it says to that interests nobody.
    isOpen = signal.aborted;
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    // It may never settle: nobody waits for it.
    if (isOpen) iterator.return?.()?.catch(() => {});
  }
}
