/** Pretraining on an endless stream of documents, several of them packed into each row. */
import type { CausalLM } from "../models/mod.ts";
import { collatePacked, type TokenizedExample } from "./batch.ts";
import { AdamW } from "./optimizer.ts";
import { Packer } from "./packer.ts";
import { learningRateAt } from "./schedule.ts";
import { supervisedBackward } from "./sft.ts";
import { checkPositiveInteger, checkTrainingOptions, type TrainingOptions, type TrainingStep } from "./step.ts";

/** What to train on; the other options as in every trainer. */
export interface PretrainOptions extends Omit<TrainingOptions, "numTrainEpochs" | "shuffle" | "evalSteps"> {
  model: CausalLM;
  /** Documents in the order in which they are read; each is read once. */
  documents: Iterable<TokenizedExample>;
  /** Optimizer steps. */
  maxSteps: number;
  /** Tokens of a row; longer documents are left out. Default 256. */
  maxLength?: number;
  padTokenId?: number;
}

/**
 * Trains all weights and yields each step's metrics, as `sft` does, plus `packed_share`: real tokens over all.
 *
 * @throws When an option is out of range, a document trains nothing (its index is named), the documents run out before
 *   the last step, or the loss is not finite.
 */
export async function* pretrain(options: PretrainOptions): AsyncGenerator<TrainingStep> {
  const {
    model,
    documents,
    maxSteps,
    perDeviceTrainBatchSize = 16,
    gradientAccumulationSteps = 1,
    maxLength = 256,
    learningRate = 1e-3,
    gradientCheckpointing = false,
    padTokenId = 0,
    signal,
  } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ maxSteps, maxLength });
  if (maxLength > model.config.maxPositions) {
    throw new RangeError(`maxLength: the model reads at most ${model.config.maxPositions} tokens, got ${maxLength}`);
  }
  const optimizer = new AdamW(model.engine, model.weights, options);
  const packer = new Packer(documents, maxLength);
  const forwardOptions = {
    trainable: "all" as const,
    keep: gradientCheckpointing ? "inputs" as const : "residuals" as const,
  };
  let tokensSeen = 0;
  try {
    for (let step = 1; step <= maxSteps; step++) {
      signal?.throwIfAborted();
      const started = performance.now();
      const batches = Array.from(
        { length: gradientAccumulationSteps },
        () => collatePacked(packer.take(perDeviceTrainBatchSize), padTokenId),
      );
      const result = await supervisedBackward(model, optimizer, batches, forwardOptions);
      if (!Number.isFinite(result.loss)) throw new Error(`step ${step}: the loss is ${result.loss}`);
      const rate = learningRateAt(step - 1, { ...options, learningRate, totalSteps: maxSteps });
      const { gradNorm } = await optimizer.step(rate);
      const real = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
      const all = batches.reduce((sum, { tokens }) => sum + tokens.batch * tokens.tokens, 0);
      tokensSeen += real;
      const metrics = {
        ...result,
        grad_norm: gradNorm,
        learning_rate: rate,
        num_tokens: tokensSeen,
        packed_share: real / all,
        step_time: (performance.now() - started) / 1000,
      };
      yield { step, totalSteps: maxSteps, metrics };
    }
  } finally {
    packer.close();
    await optimizer.dispose();
  }
}
