/** What something thrown says, in its own words. */
export function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
