/**
 * Which completion of a pair a model finds more probable, by itself: before training, after it, without a reference.
 */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { chunk } from "./batch.ts";
import { checkPairs, cutPairs, pairBatch, type PreferenceExample } from "./dpo_batches.ts";
import { referenceLogps } from "./dpo_policy.ts";
import { batchingOptions } from "./sft_batches.ts";
import { checkPositiveInteger, mean } from "./step.ts";

/** How pairs are read; names and defaults as in `DpoOptions`. */
export interface PreferenceWinRateOptions {
  adapter?: LoraAdapter;
  maxLength?: number | null;
  perDeviceEvalBatchSize?: number;
  padTokenId?: number;
}

/** Shares of pairs whose chosen completion is more probable than the rejected one; a tie is half a win. */
export interface PreferenceWinRate {
  /** By the log-probability of the whole completion: short ones have an advantage. */
  winRate: number;
  /** By its mean over tokens. */
  winRatePerToken: number;
  /** Means over pairs of those means. */
  chosenPerToken: number;
  rejectedPerToken: number;
  /** For each pair by how much the chosen completion's mean is higher. */
  margins: number[];
}

/**
 * Scores pairs, such as held-out ones.
 *
 * @throws When there are no pairs, one cannot be read (its index is named), or an option is out of range.
 */
export async function preferenceWinRate(
  model: CausalLM,
  rows: readonly PreferenceExample[],
  { adapter, maxLength: wanted, perDeviceEvalBatchSize = 8, padTokenId = 0 }: PreferenceWinRateOptions = {},
): Promise<PreferenceWinRate> {
  checkPositiveInteger({ perDeviceEvalBatchSize });
  if (rows.length === 0) throw new Error("preferenceWinRate: there are no pairs");
  const { maxLength } = batchingOptions({ maxLength: wanted }, model.config.maxPositions);
  checkPairs(rows, "rows", maxLength === null ? model.config : { ...model.config, maxPositions: Infinity });
  const { pairs } = cutPairs(rows, maxLength, "rows");
  const [whole, chosenMeans, rejectedMeans]: [number[], number[], number[]] = [[], [], []];
  for (const part of chunk(pairs, perDeviceEvalBatchSize)) {
    const { chosen, rejected } = await referenceLogps({ model, adapter }, pairBatch(part, { padTokenId }));
    part.forEach(({ chosenIds, rejectedIds }, i) => {
      whole.push(chosen[i] - rejected[i]);
      chosenMeans.push(chosen[i] / chosenIds.length);
      rejectedMeans.push(rejected[i] / rejectedIds.length);
    });
  }
  const margins = chosenMeans.map((value, i) => value - rejectedMeans[i]);
  const wins = (differences: readonly number[]) => mean(differences.map((value) => (Math.sign(value) + 1) / 2));
  return {
    winRate: wins(whole),
    winRatePerToken: wins(margins),
    chosenPerToken: mean(chosenMeans),
    rejectedPerToken: mean(rejectedMeans),
    margins,
  };
}
