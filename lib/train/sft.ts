/**
 * Supervised fine-tuning: the mean negative log-probability (or another score) of trained tokens, over all of an optimizer
 * step (not per micro-batch: transformers #34242).
 */
import type { LoraAdapter } from "../adapters/mod.ts";
import { checkObjective, type TokenObjective } from "../kernels/mod.ts";
import type { CausalLM, HeadOutput, TokenBatch, TrainingPassOptions } from "../models/mod.ts";
import { checkExamples, chunk, collate, type TokenizedExample, type TrainingBatch } from "./batch.ts";
import { examplesDigest } from "./checkpoint/mod.ts";
import { explodedLoss } from "./divergence.ts";
import { chooseKeptLayers } from "./kept_layers.ts";
import { embeddingNoise } from "./neftune.ts";
import type { AdamW } from "./optimizer.ts";
import { exampleRows } from "./run_record.ts";
import { TrainingSession } from "./session.ts";
import { type BatchingOptions, batchingOptions, cutDataset, labelMetrics, SftBatches } from "./sft_batches.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  commonFingerprint,
  mean,
  type Metrics,
  type TrainingOptions,
  type TrainingStep,
} from "./step.ts";

/** What to train on what: also how rows are cut and packed, and what the loss is (`lossType`, `labelSmoothingFactor`). */
export interface SftOptions extends TrainingOptions, BatchingOptions, TokenObjective {
  model: CausalLM;
  /** Trains these factors and leaves the model's weights alone. Absent: all weights are trained. */
  adapter?: LoraAdapter;
  trainDataset: readonly TokenizedExample[];
  /**
   * Held-out examples: `eval_loss` and its companions are added to the metrics of the steps that evaluate. They are cut to
   * `maxLength` as well, but never packed.
   */
  evalDataset?: readonly TokenizedExample[];
  /** Rows of an evaluation batch; default 8. */
  perDeviceEvalBatchSize?: number;
  /** Fills short rows; never attended to. Default 0. */
  padTokenId?: number;
  /** Noise on the embeddings in training (NEFTune), 5 to 15 in its paper. Default 0: none. */
  neftuneNoiseAlpha?: number;
}

/**
 * Trains, and yields the metrics of each optimizer step: `loss`, `grad_norm`, `learning_rate`, `mean_token_accuracy`,
 * `entropy`, `num_tokens`, `num_eos_labels`, `masked_share`, `packed_share` (see `labelMetrics`), `epoch`, `step_time`
 * (seconds), and `eval_*` where the step evaluates. With `outputDir` it saves checkpoints, from which it can be resumed.
 * Rows longer than `maxLength` are cut; the first step's notes say how many.
 *
 * @example
 * ```ts ignore
 * for await (const { step, metrics } of sft({ model, adapter, trainDataset, learningRate: 2e-4, maxSteps: 60 })) {
 *   console.log(step, metrics.loss);
 * }
 * ```
 * @throws When a row has no trained token, is longer than the model reads or holds ids outside its vocabulary (its index
 *   is named), or an option is out of range.
 * @throws {DivergenceError} When loss or gradient are not finite, or the loss is above `lossLimit`: the weights are then
 *   those of the step before.
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
    padTokenId = 0,
    shuffle = true,
    lossType = "nll",
    labelSmoothingFactor = 0,
    neftuneNoiseAlpha = 0,
  } = options;
  const objective = { lossType, labelSmoothingFactor };
  const batching = batchingOptions(options, model.config.maxPositions);
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ perDeviceEvalBatchSize });
  checkObjective(objective);
  checkNoise(neftuneNoiseAlpha);
  if (trainDataset.length === 0) throw new Error("trainDataset has no rows");
  // Rows that are cut may be longer than the model reads.
  const limits = batching.maxLength === null ? model.config : { ...model.config, maxPositions: Infinity };
  checkExamples(trainDataset, "trainDataset", limits);
  checkExamples(evalDataset, "evalDataset", limits);

  const shape = { perDeviceTrainBatchSize, gradientAccumulationSteps, shuffle };
  const data = new SftBatches(trainDataset, { ...batching, ...shape, padTokenId });
  const held = cutDataset(evalDataset, { ...batching, packing: false }, "evalDataset");
  const evalBatches = () =>
    chunk(held.documents, perDeviceEvalBatchSize)
      .map((part) => collate(part.map(({ example }) => example), padTokenId));
  const session = await TrainingSession.open({
    trainer: "sft",
    model,
    adapter,
    options: { ...options, learningRate },
    fingerprint: () => ({
      ...commonFingerprint({ ...options, ...shape, learningRate }),
      ...batching,
      ...objective,
      neftuneNoiseAlpha,
      padTokenId,
      trainDataset: examplesDigest(trainDataset),
    }),
    totalSteps: maxSteps > 0 ? maxSteps : Math.ceil(data.stepsPerEpoch * numTrainEpochs),
    stepsPerEpoch: data.stepsPerEpoch,
    lossLimit: explodedLoss(model.config.vocabSize),
    parts: {
      train: () => exampleRows(trainDataset),
      ...(evalDataset.length === 0 ? {} : { evaluation: () => exampleRows(evalDataset) }),
    },
    evaluation: evalDataset.length === 0 ? undefined : {
      run: () => evaluateSft(model, evalBatches(), adapter, objective),
      data: () => examplesDigest(evalDataset),
    },
  });
  try {
    for (const note of [...data.notes, ...held.notes]) session.note(note);
    const trainable = adapter ? "lora" as const : "all" as const;
    const largest = { batch: perDeviceTrainBatchSize, tokens: data.longestRow };
    const residualLayers = chooseKeptLayers(session, model, adapter, options, largest);
    const passOptions = { adapter, trainable, residualLayers };
    const dataOfStep = data.bySteps(session.random);
    while (!session.finished) {
      session.throwIfAborted();
      const started = performance.now();
      const { batches, rows } = dataOfStep(session.step);
      const noiseRandom = session.random.fork("neftune").fork(session.step);
      const noise = neftuneNoiseAlpha === 0
        ? undefined
        : (tokens: TokenBatch, microBatch: number) =>
          embeddingNoise(tokens, model.config.hiddenSize, neftuneNoiseAlpha, noiseRandom.fork(microBatch));
      const metrics = {
        ...await supervisedBackward(model, session.optimizer, batches, passOptions, { objective, noise }),
        ...labelMetrics(batches, model.config.eosTokenIds),
      };
      const tokens = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
      yield await session.update({ metrics, rows, tokens, started });
      await session.checkpoint();
    }
    await session.finish();
  } catch (error) {
    await session.interrupted(error);
    throw error;
  } finally {
    await session.dispose();
  }
}

function checkNoise(neftuneNoiseAlpha: number): void {
  if (!(neftuneNoiseAlpha >= 0 && Number.isFinite(neftuneNoiseAlpha))) {
    throw new RangeError(`neftuneNoiseAlpha: expected a number of at least 0, got ${neftuneNoiseAlpha}`);
  }
}

/** What the loss of a supervised step is, besides the defaults. */
export interface SupervisedLoss {
  /** Default: the log-probability. */
  objective?: TokenObjective;
  /** Gives the numbers that are added to a micro-batch's embeddings. Default: none. */
  noise?: (tokens: TokenBatch, microBatch: number) => Float32Array;
}

/**
 * Forward and backward over the micro-batches of one optimizer step. The loss is normalised by the number of trained
 * tokens of all of them together.
 *
 * @returns `loss`, `mean_token_accuracy` and `entropy` (the last two as means over micro-batches, as TRL logs them).
 */
export async function supervisedBackward(
  model: CausalLM,
  optimizer: Pick<AdamW, "addGradient">,
  batches: readonly TrainingBatch[],
  passOptions: TrainingPassOptions,
  { objective, noise }: SupervisedLoss = {},
): Promise<{ loss: number; mean_token_accuracy: number; entropy: number }> {
  const lossTokens = batches.reduce((sum, { wanted }) => sum + wanted.rows.length, 0);
  if (lossTokens === 0) throw new Error("no token of the step's batches is trained on: every loss mask is false");
  const parts: BatchMetrics[] = [];
  for (const [microBatch, { tokens, wanted }] of batches.entries()) {
    const coefficients = new Float32Array(wanted.rows.length).fill(-1 / lossTokens);
    const output = await model.forwardBackward(
      tokens,
      { ...wanted, objective },
      coefficients,
      optimizer.addGradient,
      { ...passOptions, embeddingNoise: noise?.(tokens, microBatch) },
    );
    parts.push(batchMetrics(output));
  }
  return {
    loss: parts.reduce((sum, part) => sum + part.loss, 0) / lossTokens,
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
  objective: TokenObjective = {},
): Promise<Metrics> {
  const parts: BatchMetrics[] = [];
  let [loss, rows] = [0, 0];
  for (const { tokens, wanted } of batches) {
    const pass = await model.forward(tokens, { adapter });
    const part = batchMetrics(await model.logProbs(pass, { ...wanted, objective }));
    pass.hidden.dispose();
    parts.push(part);
    loss += part.loss / wanted.rows.length * tokens.batch;
    rows += tokens.batch;
  }
  return {
    eval_loss: loss / rows,
    eval_mean_token_accuracy: mean(parts.map((part) => part.accuracy)),
    eval_entropy: mean(parts.map((part) => part.entropy)),
  };
}

interface BatchMetrics {
  /** Summed over tokens. */
  loss: number;
  accuracy: number;
  entropy: number;
}

function batchMetrics({ scores, greedy, entropies }: HeadOutput): BatchMetrics {
  return { loss: -mean(scores) * scores.length, accuracy: mean(greedy), entropy: mean(entropies) };
}
