/**
 * Supervised fine-tuning: the mean negative log-probability of completion tokens, over all tokens of an optimizer step
 * (not per micro-batch: transformers #34242).
 */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM, ForwardOptions } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { checkExamples, chunk, collate, epochOrder, type TokenizedExample, type TrainingBatch } from "./batch.ts";
import { AdamW } from "./optimizer.ts";
import { learningRateAt } from "./schedule.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  mean,
  type Metrics,
  type TrainingOptions,
  type TrainingStep,
} from "./step.ts";

/** What to train on what. */
export interface SftOptions extends TrainingOptions {
  model: CausalLM;
  /** Trains these factors and leaves the model's weights alone. Absent: all weights are trained. */
  adapter?: LoraAdapter;
  trainDataset: readonly TokenizedExample[];
  /** Held-out examples: `eval_loss` and its companions are added to the metrics of the steps that evaluate. */
  evalDataset?: readonly TokenizedExample[];
  /** Rows of an evaluation batch; default 8. */
  perDeviceEvalBatchSize?: number;
  /** Fills short rows; never attended to. Default 0. */
  padTokenId?: number;
}

/**
 * Trains, and yields the metrics of each optimizer step: `loss`, `grad_norm`, `learning_rate`, `mean_token_accuracy`,
 * `entropy`, `num_tokens`, `epoch`, `step_time` (seconds), and `eval_*` where the step evaluates.
 *
 * @example
 * ```ts ignore
 * for await (const { step, metrics } of sft({ model, adapter, trainDataset, learningRate: 2e-4, maxSteps: 60 })) {
 *   console.log(step, metrics.loss);
 * }
 * ```
 * @throws When a row has no trained token, is longer than the model reads or holds ids outside its vocabulary (its index
 *   is named), an option is out of range, or the loss is not finite (the weights are then those of the step before).
 */
export async function* sft(options: SftOptions): AsyncGenerator<TrainingStep> {
  const {
    model,
    adapter,
    trainDataset,
    evalDataset = [],
    perDeviceTrainBatchSize = 8,
    perDeviceEvalBatchSize = 8,
    gradientAccumulationSteps = 1,
    numTrainEpochs = 3,
    maxSteps = -1,
    learningRate = 2e-5,
    evalSteps = 0,
    gradientCheckpointing = true,
    padTokenId = 0,
    seed = 42,
    shuffle = true,
    signal,
  } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ perDeviceEvalBatchSize });
  if (trainDataset.length === 0) throw new Error("trainDataset has no rows");
  checkExamples(trainDataset, "trainDataset", model.config);
  checkExamples(evalDataset, "evalDataset", model.config);

  const random = new Random(seed);
  const rowsPerStep = perDeviceTrainBatchSize * gradientAccumulationSteps;
  const stepsPerEpoch = Math.ceil(trainDataset.length / rowsPerStep);
  const totalSteps = maxSteps > 0 ? maxSteps : Math.ceil(stepsPerEpoch * numTrainEpochs);
  const optimizer = new AdamW(model.engine, adapter ? adapter.factors : model.weights, options);
  const trainable = adapter ? "lora" as const : "all" as const;
  const forwardOptions = { adapter, trainable, keep: gradientCheckpointing ? "inputs" as const : "residuals" as const };

  let [step, tokensSeen] = [0, 0];
  try {
    for (let epoch = 0; step < totalSteps; epoch++) {
      const order = epochOrder(trainDataset.length, random, epoch, shuffle);
      for (const stepRows of chunk(order, rowsPerStep)) {
        if (step === totalSteps) break;
        signal?.throwIfAborted();
        const started = performance.now();
        const batches = chunk(stepRows, perDeviceTrainBatchSize)
          .map((rows) => collate(rows.map((row) => trainDataset[row]), padTokenId));
        const result = await supervisedBackward(model, optimizer, batches, forwardOptions);
        tokensSeen += batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
        if (!Number.isFinite(result.loss)) {
          throw new Error(`step ${step + 1}: the loss is ${result.loss} on rows ${stepRows}`);
        }
        const rate = learningRateAt(step, { ...options, learningRate, totalSteps });
        const { gradNorm } = await optimizer.step(rate);
        step++;

        const metrics: Metrics = {
          ...result,
          grad_norm: gradNorm,
          learning_rate: rate,
          num_tokens: tokensSeen,
          epoch: step / stepsPerEpoch,
          step_time: (performance.now() - started) / 1000,
        };
        const evaluates = step === totalSteps || (evalSteps > 0 && step % evalSteps === 0);
        if (evalDataset.length > 0 && evaluates) {
          const batches = chunk(evalDataset, perDeviceEvalBatchSize).map((rows) => collate(rows, padTokenId));
          Object.assign(metrics, await evaluateSft(model, batches, adapter));
        }
        yield { step, totalSteps, metrics };
      }
    }
  } finally {
    await optimizer.dispose();
  }
}

/**
 * Forward and backward over the micro-batches of one optimizer step. The loss is normalised by the number of trained
 * tokens of all of them together.
 *
 * @returns `loss`, `mean_token_accuracy` and `entropy` (the last two as means over micro-batches, as TRL logs them).
 */
export async function supervisedBackward(
  model: CausalLM,
  optimizer: AdamW,
  batches: readonly TrainingBatch[],
  forwardOptions: ForwardOptions,
): Promise<{ loss: number; mean_token_accuracy: number; entropy: number }> {
  const lossTokens = batches.reduce((sum, { wanted }) => sum + wanted.rows.length, 0);
  if (lossTokens === 0) throw new Error("no token of the step's batches is trained on: every loss mask is false");
  const parts: BatchMetrics[] = [];
  for (const { tokens, wanted } of batches) {
    const pass = await model.forward(tokens, forwardOptions);
    const coefficients = new Float32Array(wanted.rows.length).fill(-1 / lossTokens);
    parts.push(batchMetrics(await model.backward(pass, wanted, coefficients, optimizer.addGradient)));
  }
  return {
    loss: parts.reduce((sum, part) => sum + part.negativeLogProb, 0) / lossTokens,
    mean_token_accuracy: mean(parts.map((part) => part.accuracy)),
    entropy: mean(parts.map((part) => part.entropy)),
  };
}

/**
 * Loss, token accuracy and entropy on held-out batches, as `eval_loss`, `eval_mean_token_accuracy`, `eval_entropy`. As in
 * transformers, the loss is each batch's mean weighted by its rows, the others are means over batches.
 */
export async function evaluateSft(
  model: CausalLM,
  batches: readonly TrainingBatch[],
  adapter?: LoraAdapter,
): Promise<Metrics> {
  const parts: BatchMetrics[] = [];
  let [loss, rows] = [0, 0];
  for (const { tokens, wanted } of batches) {
    const pass = await model.forward(tokens, { adapter });
    const part = batchMetrics(await model.logProbs(pass, wanted));
    pass.hidden.dispose();
    parts.push(part);
    loss += part.negativeLogProb / wanted.rows.length * tokens.batch;
    rows += tokens.batch;
  }
  return {
    eval_loss: loss / rows,
    eval_mean_token_accuracy: mean(parts.map((part) => part.accuracy)),
    eval_entropy: mean(parts.map((part) => part.entropy)),
  };
}

interface BatchMetrics {
  negativeLogProb: number;
  accuracy: number;
  entropy: number;
}

function batchMetrics(
  { logProbs, greedy, entropies }: { logProbs: Float32Array; greedy: Float32Array; entropies: Float32Array },
): BatchMetrics {
  return {
    negativeLogProb: -mean(logProbs) * logProbs.length,
    accuracy: mean(greedy),
    entropy: mean(entropies),
  };
}
