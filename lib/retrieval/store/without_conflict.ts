const ATTEMPTS = 5;

/**
 * Makes a change again when another process changed the table first; LanceDB has written nothing of it then.
 *
 * @throws what the last of five attempts threw, or the first error of another kind
 */
export async function withoutConflict<Result>(change: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    try {
      return await change();
    } catch (error) {
      if (attempt >= ATTEMPTS || !/conflict/i.test((error as Error).message)) throw error;
    }
  }
}
