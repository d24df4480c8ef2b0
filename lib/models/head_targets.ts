/** What the head scores. */
import type { TokenObjective } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import type { TokenBatch } from "./token_batch.ts";

/** Which positions to score, and with which token. A position is row * tokens + token; for a backward pass each once. */
export interface HeadTargets {
  rows: readonly number[];
  targets: readonly number[];
  /** The policy's temperature; default 1. */
  temperature?: number;
  /** What is raised at each position; default its log-probability. */
  objective?: TokenObjective;
}

/**
 * Finds what would be read outside the batch or the vocabulary (a negative index counts from the end, in silence), and for
 * a backward pass what it cannot do.
 *
 * @param read The batch's rows and tokens of each.
 * @param coefficients Of a backward pass.
 */
export function checkHeadTargets(
  { rows, targets, temperature = 1 }: HeadTargets,
  { batch, tokens }: Pick<TokenBatch, "batch" | "tokens">,
  { vocabSize }: ModelConfig,
  coefficients?: Float32Array,
): void {
  if (rows.length !== targets.length) throw new Error(`${rows.length} positions but ${targets.length} targets`);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`temperature: expected a number above 0, got ${temperature}`);
  }
  const isBelow = (index: number, length: number) => Number.isInteger(index) && index >= 0 && index < length;
  const outside = rows.find((row) => !isBelow(row, batch * tokens));
  if (outside !== undefined) {
    throw new RangeError(`position ${outside} is outside the batch of ${batch} rows of ${tokens} tokens`);
  }
  const unknown = targets.findIndex((target) => !isBelow(target, vocabSize));
  if (unknown >= 0) {
    const [row, token] = [Math.floor(rows[unknown] / tokens), rows[unknown] % tokens];
    const where = `row ${row}, token ${token}`;
    throw new RangeError(`${where}: target ${targets[unknown]} is outside the model's vocabulary of ${vocabSize}`);
  }
  if (!coefficients) return;
  if (coefficients.length !== rows.length) {
    throw new Error(`${coefficients.length} coefficients for ${rows.length} positions: expected one for each`);
  }
  if (new Set(rows).size < rows.length) {
    throw new Error("a position is wanted twice: a backward pass scores each once");
  }
}
