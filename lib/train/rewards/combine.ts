import type { RewardBatch, RewardFunction } from "./reward.ts";

/** A reward function failed or returned something that is no reward. The message names the function and the row. */
export class RewardError extends Error {
  override name = "RewardError";

  /**
   * @param reward the function's name
   * @param row the row's index in the batch, or null where it lies with no single row
   * @param problem what happened
   */
  constructor(readonly reward: string, readonly row: number | null, readonly problem: string, options?: ErrorOptions) {
    super(`reward "${reward}"${row === null ? "" : `, row ${row}`}: ${problem}`, options);
  }
}

/** The rewards of a batch. */
export interface CombinedRewards<Name extends string> {
  /** What each function gave, before weights: [rows]. */
  parts: Record<Name, (number | null)[]>;
  /** Weighted sum over the functions that gave one: [rows]; null where none did. */
  totals: (number | null)[];
}

/**
 * Makes several reward functions into one that checks what they return and sums it.
 *
 * @param functions by the names under which they are logged
 * @param weights by the same names; default 1 each
 * @returns a function from a batch to its rewards. It rejects with a RewardError when a function throws, returns another
 *   number of rows than the batch has, or anything but a finite number or null
 * @throws {RangeError} when there is no function, or a weight is not finite or belongs to none
 */
export function combineRewards<Name extends string, Columns = Record<never, never>>(
  functions: Record<Name, RewardFunction<Columns>>,
  weights: Partial<Record<Name, number>> = {},
): (batch: RewardBatch<Columns>) => Promise<CombinedRewards<Name>> {
  const names = Object.keys(functions) as Name[];
  if (names.length === 0) throw new RangeError("combineRewards() needs at least one reward function");
  for (const [name, weight] of Object.entries(weights)) {
    if (!names.includes(name as Name)) {
      throw new RangeError(`a weight is given for "${name}", but the rewards are ${names.join(", ")}`);
    }
    if (!Number.isFinite(weight)) {
      throw new RangeError(`the weight of "${name}" is ${weight}: expected a finite number`);
    }
  }
  return async (batch) => {
    const rows = batch.completions.length;
    for (const [column, values] of Object.entries<unknown[]>(batch)) {
      if (values.length !== rows) {
        throw new RangeError(`column "${column}" has ${values.length} rows, but there are ${rows} completions`);
      }
    }
    const results = await Promise.all(names.map((name) => evaluate(name, functions[name], batch, rows)));
    const totals: (number | null)[] = Array(rows).fill(null);
    names.forEach((name, i) => {
      const weight = weights[name] ?? 1;
      results[i].forEach((reward, row) => {
        if (reward !== null) totals[row] = (totals[row] ?? 0) + weight * reward;
      });
    });
    const parts = Object.fromEntries(names.map((name, i) => [name, results[i]])) as Record<Name, (number | null)[]>;
    return { parts, totals };
  };
}

async function evaluate<Columns>(
  name: string,
  reward: RewardFunction<Columns>,
  batch: RewardBatch<Columns>,
  rows: number,
): Promise<(number | null)[]> {
  let values: unknown;
  try {
    values = await reward(batch);
  } catch (cause) {
    const row = await firstFailingRow(reward, batch, rows);
    throw new RewardError(name, row, `it threw ${describe(cause)}`, { cause });
  }
  if (!Array.isArray(values) || values.length !== rows) {
    const got = Array.isArray(values) ? `${values.length}` : typeof values;
    const row = Array.isArray(values) ? Math.min(values.length, rows) : null;
    throw new RewardError(name, row, `expected ${rows} rewards, one for each completion, got ${got}`);
  }
  const bad = values.findIndex((value) => value !== null && !(typeof value === "number" && Number.isFinite(value)));
  if (bad >= 0) {
    throw new RewardError(
      name,
      bad,
      `it returned ${String(values[bad])}: expected a finite number, or null to leave the row out`,
    );
  }
  return values;
}

/** Looks for the row to blame by giving the function one row at a time; null when every row alone passes. */
async function firstFailingRow<Columns>(
  reward: RewardFunction<Columns>,
  batch: RewardBatch<Columns>,
  rows: number,
): Promise<number | null> {
  for (let row = 0; row < rows; row++) {
    const single = Object.fromEntries(
      Object.entries<unknown[]>(batch).map(([column, values]) => [column, values.slice(row, row + 1)]),
    ) as RewardBatch<Columns>;
    try {
      await reward(single);
    } catch {
      return row;
    }
  }
  return null;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
