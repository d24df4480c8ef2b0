import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { chunk, collate, type TokenizedExample } from "./batch.ts";
import { evaluateSft } from "./sft.ts";
import { batchingOptions, cutDataset } from "./sft_batches.ts";
import type { Metrics } from "./step.ts";

/** How held-out rows are read; names and defaults as in `SftOptions`. */
export interface HeldOutLossOptions {
  adapter?: LoraAdapter;
  maxLength?: number | null;
  perDeviceEvalBatchSize?: number;
  padTokenId?: number;
}

/**
 * The loss on held-out rows by themselves, such as before training: `eval_loss`, `eval_mean_token_accuracy` and
 * `eval_entropy`, the numbers that `sft` gives where it evaluates.
 *
 * @throws When there are no rows, or `maxLength` leaves nothing of them that is learned.
 */
export async function heldOutLoss(
  model: CausalLM,
  rows: readonly TokenizedExample[],
  options: HeldOutLossOptions = {},
): Promise<Metrics> {
  const { adapter, maxLength, perDeviceEvalBatchSize = 8, padTokenId = 0 } = options;
  if (rows.length === 0) throw new Error("heldOutLoss: there are no rows");
  const { documents } = cutDataset(rows, batchingOptions({ maxLength }, model.config.maxPositions), "rows");
  const batches = chunk(documents, perDeviceEvalBatchSize)
    .map((part) => collate(part.map(({ example }) => example), padTokenId));
  return await evaluateSft(model, batches, adapter);
}
