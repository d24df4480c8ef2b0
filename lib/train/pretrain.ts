/** Pretraining on an endless stream of documents, several of them packed into each row. */
import { z } from "zod";
import type { CausalLM } from "../models/mod.ts";
import { collatePacked, type TokenizedExample } from "./batch.ts";
import type { BestMetricOptions } from "./best_metric.ts";
import { ExamplesDigest } from "./checkpoint/mod.ts";
import { explodedLoss } from "./divergence.ts";
import { chooseKeptLayers } from "./kept_layers.ts";
import { Packer } from "./packer.ts";
import { TrainingSession } from "./session.ts";
import { supervisedBackward } from "./sft.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  commonFingerprint,
  type TrainingOptions,
  type TrainingStep,
} from "./step.ts";

/** What to train on; the other options as in every trainer. */
export interface PretrainOptions
  extends
    Omit<TrainingOptions, "numTrainEpochs" | "shuffle" | "evalSteps" | "loadBestModelAtEnd" | keyof BestMetricOptions> {
  model: CausalLM;
  /** Documents in the order in which they are read; each is read once. A resumed run wants the same ones again. */
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
 * @throws When an option is out of range, a document trains nothing (its index is named), or the documents run out before
 *   the last step.
 * @throws {DivergenceError} When loss or gradient are not finite, or the loss is above `lossLimit`.
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
    padTokenId = 0,
  } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ maxSteps, maxLength });
  if (maxLength > model.config.maxPositions) {
    throw new RangeError(`maxLength: the model reads at most ${model.config.maxPositions} tokens, got ${maxLength}`);
  }
  const packer = new Packer(documents, maxLength);
  const documentsRead = new ExamplesDigest();
  const nextBatches = () => {
    const first = packer.read;
    const packs = Array.from({ length: gradientAccumulationSteps }, () => packer.take(perDeviceTrainBatchSize));
    for (const example of packs.flat(2)) documentsRead.add(example);
    return { packs, where: `documents read up to number ${packer.read}, ${packer.read - first} of them new` };
  };
  let session: TrainingSession | undefined;
  try {
    session = await TrainingSession.open({
      trainer: "pretrain",
      model,
      options: { ...options, learningRate },
      fingerprint: () => ({
        ...commonFingerprint({ ...options, perDeviceTrainBatchSize, gradientAccumulationSteps, learningRate }),
        maxLength,
        padTokenId,
      }),
      totalSteps: maxSteps,
      stepsPerEpoch: null,
      lossLimit: explodedLoss(model.config.vocabSize),
      files: () => ({ [DOCUMENTS_FILE]: { hash: documentsRead.value } }),
    });
    // A stream has no place to jump to: a resumed run reads again what was read.
    if (session.resumedFrom && !session.finished) {
      for (let step = 0; step < session.step; step++) nextBatches();
      await checkDocuments(session.resumedFrom, documentsRead.value);
    }
    const largest = { batch: perDeviceTrainBatchSize, tokens: maxLength };
    const residualLayers = chooseKeptLayers(session, model, undefined, options, largest);
    while (!session.finished) {
      session.throwIfAborted();
      const started = performance.now();
      const { packs, where } = nextBatches();
      const batches = packs.map((rows) => collatePacked(rows, padTokenId));
      const passOptions = { trainable: "all" as const, residualLayers };
      const result = await supervisedBackward(model, session.optimizer, batches, passOptions);
      const tokens = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
      const all = batches.reduce((sum, { tokens }) => sum + tokens.batch * tokens.tokens, 0);
      const metrics = { ...result, packed_share: tokens / all };
      yield await session.update({ metrics, rows: [], where, tokens, started });
      await session.checkpoint();
    }
    await session.finish();
  } catch (error) {
    await session?.interrupted(error);
    throw error;
  } finally {
    packer.close();
    await session?.dispose();
  }
}

const DOCUMENTS_FILE = "documents.json";

/** Throws when the documents read so far are not those that the checkpoint's run had read. */
async function checkDocuments(checkpoint: string, hash: string): Promise<void> {
  const path = `${checkpoint}/${DOCUMENTS_FILE}`;
  const saved = z.object({ hash: z.string() }).safeParse(JSON.parse(await Deno.readTextFile(path)));
  if (saved.data?.hash === hash) return;
  throw new Error(`${path}: the run had read other documents than those given now: resume with the same ones`);
}
