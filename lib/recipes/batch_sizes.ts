/** The same batch on several cards. */
import { RecipeError } from "./mapping.ts";

/** How an optimizer step's batch divides. */
export interface BatchSplit {
  gpus: number;
  /** Rows of a micro-batch on each card. */
  perDevice: number;
  /** Micro-batches of a step. */
  accumulation: number;
  /** Rows of a step on all cards together: the same as in the run. */
  global: number;
}

/**
 * Divides a batch among cards: fewer micro-batches first, then smaller ones.
 *
 * @throws {RecipeError} when it does not divide; the message names numbers of cards that do
 */
export function splitBatch(perDevice: number, accumulation: number, gpus: number): BatchSplit {
  const global = perDevice * accumulation;
  if (global % gpus !== 0) {
    const fitting = Array.from({ length: Math.min(global, 64) }, (_, i) => i + 1).filter((n) => global % n === 0);
    throw new RecipeError(
      `--gpus ${gpus}: the run's batch of ${global} rows (${perDevice} x ${accumulation}) does not divide by it; ` +
        `expected one of ${fitting.join(", ")}`,
    );
  }
  const share = global / gpus;
  let rows = Math.min(perDevice, share);
  while (share % rows !== 0) rows--;
  return { gpus, perDevice: rows, accumulation: share / rows, global };
}
