const ATTEMPTS = 6;

/** The longest wait before the second attempt; doubled each time. */
const WAIT_MS = 50;

/**
 * Makes a change again when another process changed the table first; LanceDB has written nothing of it then. Waits before,
 * longer each time and not as long as the other: two that wait alike would meet again.
 *
 * @throws what the last of six attempts threw, or the first error of another kind
 */
export async function withoutConflict<Result>(change: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    try {
      return await change();
    } catch (error) {
      if (attempt >= ATTEMPTS || !/conflict/i.test((error as Error).message)) throw error;
      const longest = WAIT_MS * 2 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    }
  }
}
