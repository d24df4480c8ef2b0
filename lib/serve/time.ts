/** Waiting for work, but not for ever. */

/**
 * Waits for work to be done, for so many seconds at most.
 *
 * @returns Whether it was done by then.
 * @throws What the work throws by then.
 */
export async function settledWithin(work: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), seconds * 1000));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
