/** The longest time that a timer can be set to; a longer one would end at once. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/**
 * Looks at how long an endpoint is waited for.
 *
 * @throws {RangeError} When a number cannot be, naming it.
 */
export function checkPatience({ timeout, maxRetries }: { timeout: number; maxRetries: number }): void {
  if (!(timeout > 0 && timeout <= MAX_MILLISECONDS)) {
    throw new RangeError(
      `timeout: expected milliseconds, a number above 0 and at most ${MAX_MILLISECONDS}, got ${timeout}`,
    );
  }
  if (!Number.isInteger(maxRetries) || maxRetries < 0) {
    throw new RangeError(`maxRetries: expected a whole number, 0 or more, got ${maxRetries}`);
  }
}
