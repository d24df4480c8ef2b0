import type { TokenizedExample } from "./batch.ts";

/** What becomes of rows that are longer than a training row. */
export type LongRows = "truncate" | "drop" | "error";

/**
 * Applies the choice to tokenized rows: `"truncate"` leaves them to the trainer, which cuts them at `maxLength`, so that their
 * last words and their end token are not learned; `"drop"` leaves them out; `"error"` refuses them.
 *
 * @param name What the rows are called in a message.
 * @returns The rows to train on, and how many were too long.
 * @throws {RangeError} naming the first long row, or when no row is left.
 */
export function applyLongRows(
  examples: readonly TokenizedExample[],
  { maxLength, onLongRow, name }: { maxLength: number; onLongRow: LongRows; name: string },
): { examples: TokenizedExample[]; long: number } {
  const isLong = ({ ids }: TokenizedExample) => ids.length > maxLength;
  const long = examples.filter(isLong).length;
  if (onLongRow === "error" && long > 0) {
    const first = examples.findIndex(isLong);
    throw new RangeError(
      `${name}: row ${first} has ${examples[first].ids.length} tokens, more than maxLength ${maxLength} ` +
        `(${long} of ${examples.length} rows are longer; raise maxLength, or choose onLongRow "truncate" or "drop")`,
    );
  }
  const kept = onLongRow === "drop" ? examples.filter((example) => !isLong(example)) : [...examples];
  if (kept.length === 0 && examples.length > 0) {
    throw new RangeError(`${name}: every row is longer than maxLength ${maxLength}; raise it`);
  }
  return { examples: kept, long };
}
