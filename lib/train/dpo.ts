/**
 * Direct Preference Optimization (Rafailov et al. 2023, arXiv:2305.18290) and its relatives, with the options, defaults
 * and metrics of TRL's DPOTrainer: of two completions of a prompt, raise the probability of the better one over that of
 * the worse one, measured from a reference policy.
 */
import { chunk, epochOrder } from "./batch.ts";
import { examplesDigest } from "./checkpoint/mod.ts";
import { stepRows } from "./data_order.ts";
import {
  cutPairs,
  type PairBatch,
  pairBatch,
  type PreferenceExample,
  type ReferenceLogps,
  textsOf,
} from "./dpo_batches.ts";
import { dpoFingerprint, type DpoOptions, resolveDpoOptions } from "./dpo_options.ts";
import { DpoPolicy, referenceLogps } from "./dpo_policy.ts";
import { createReference, type Reference } from "./dpo_reference.ts";
import { chooseKeptLayers } from "./kept_layers.ts";
import { pairRows } from "./run_record.ts";
import { TrainingSession } from "./session.ts";
import type { TrainingStep } from "./step.ts";

export type { DpoOptions } from "./dpo_options.ts";

/**
 * Trains, and yields each optimizer step's metrics under TRL's names: `loss`, `grad_norm`, `learning_rate`,
 * `rewards/chosen`, `rewards/rejected`, `rewards/margins`, `rewards/accuracies`, `logps/chosen`, `logps/rejected` (see
 * `dpoMetrics`), `entropy`, `mean_token_accuracy`, `logits/chosen` and `logits/rejected` (when an adapter is trained),
 * `nll_loss` where a part of the loss is one, `num_tokens`, `epoch`, `step_time`, and `eval_*` where the step
 * evaluates.
 *
 * The first step's loss is ln 2 with the sigmoid, since policy and reference are then the same. With `outputDir` it
 * saves checkpoints, from which it can be resumed: give it the model and the adapter that the run began with, for they
 * are the reference.
 *
 * @example
 * ```ts ignore
 * const trainDataset = preparePreferenceDataset(rows, { tokenizer });
 * for await (const { step, metrics } of dpo({ model, adapter, trainDataset, learningRate: 1e-5, maxSteps: 60 })) {
 *   console.log(step, metrics.loss, metrics["rewards/accuracies"]);
 * }
 * ```
 * @throws When a row cannot be learned from (its index is named), or an option is out of range or does not go with
 * another.
 * @throws {DivergenceError} When loss or gradient are not finite: the weights are then those of the step before.
 */
export async function* dpo(options: DpoOptions): AsyncGenerator<TrainingStep> {
  const { model, adapter, numTrainEpochs = 3, maxSteps = -1, evalDataset = [] } = options;
  const resolved = resolveDpoOptions(options);
  const { perDeviceTrainBatchSize, perDeviceEvalBatchSize, gradientAccumulationSteps, batching, shuffle } = resolved;
  const { pairs, sources, notes } = cutPairs(options.trainDataset, resolved.maxLength, "trainDataset");
  const held = cutPairs(evalDataset, resolved.maxLength, "evalDataset");
  const rowsPerStep = perDeviceTrainBatchSize * gradientAccumulationSteps;
  const stepsPerEpoch = Math.ceil(pairs.length / rowsPerStep);
  const evalBatches = chunk(held.pairs, perDeviceEvalBatchSize).map((part) => pairBatch(part, batching));
  const policy = new DpoPolicy(model, adapter, options);
  // Before a checkpoint is restored: the reference is the model, or the adapter, as it was given.
  let reference = resolved.loss.needsReference ? await beginReference(options) : null;
  let session: TrainingSession | undefined;
  try {
    let known: ReferenceLogps | null = null;
    const fingerprint = reference?.fingerprint ?? "";
    if (reference && options.precomputeRefLogProbs) {
      notes.push(`reference: ${reference.description}; it has scored all pairs`);
      const batches = chunk(pairs, perDeviceTrainBatchSize).map((part) => pairBatch(part, batching));
      await scoreAll(reference, [...batches, ...evalBatches], options.signal);
      known = joined(batches);
      await reference.dispose();
      reference = null;
    } else if (reference) notes.push(`reference: ${reference.description}`);

    session = await TrainingSession.open({
      trainer: "dpo",
      model,
      adapter,
      options: { ...options, learningRate: resolved.learningRate },
      fingerprint: () => dpoFingerprint(options, resolved, fingerprint),
      hasReference: resolved.loss.needsReference,
      totalSteps: maxSteps > 0 ? maxSteps : Math.ceil(stepsPerEpoch * numTrainEpochs),
      stepsPerEpoch,
      lossLimit: Infinity,
      parts: {
        train: () => pairRows(options.trainDataset),
        ...(evalDataset.length === 0 ? {} : { evaluation: () => pairRows(evalDataset) }),
        more: { hasReferenceModel: options.referenceModel !== undefined },
      },
      evaluation: evalDataset.length === 0 ? undefined : {
        run: async () => {
          // What the reference makes of them stays the same: it is asked once.
          if (reference) await scoreAll(reference, evalBatches);
          return await policy.evaluate(evalBatches);
        },
        data: () => examplesDigest(textsOf(evalDataset)),
      },
    });
    for (const note of [...notes, ...held.notes]) session.note(note);
    const { random, optimizer } = session;
    const rowsOfStep = stepRows(
      stepsPerEpoch,
      (epoch) => chunk(epochOrder(pairs.length, random, epoch, shuffle), rowsPerStep),
    );
    const residualLayers = chooseKeptLayers(
      session,
      model,
      adapter,
      // The loss needs log-probabilities first: forward and backward cannot be one program, and in shared memory
      // nothing is kept.
      model.engine.sharesMemory ? { ...options, gradientCheckpointing: true } : options,
      { batch: 2 * perDeviceTrainBatchSize, tokens: longestText(pairs) },
    );
    while (!session.finished) {
      session.throwIfAborted();
      const started = performance.now();
      const rows = rowsOfStep(session.step);
      const batches = chunk(rows, perDeviceTrainBatchSize).map((part) => {
        const batch = pairBatch(part.map((row) => pairs[row]), batching);
        return known ? { ...batch, reference: pick(known, part) } : batch;
      });
      if (reference) await scoreAll(reference, batches);
      const metrics = await policy.backward(batches, optimizer, residualLayers);
      const tokens = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
      yield await session.update({ metrics, rows: rows.map((row) => sources[row]), tokens, started });
      await session.checkpoint();
    }
    await session.finish();
  } catch (error) {
    await session?.interrupted(error);
    throw error;
  } finally {
    await session?.dispose();
    await reference?.dispose();
  }
}

/** Where all pairs are scored before the first step, all weights need not be copied: they are still the first ones. */
async function beginReference(options: DpoOptions): Promise<Reference> {
  const { model, adapter, referenceModel, precomputeRefLogProbs = false } = options;
  if (!precomputeRefLogProbs || adapter || referenceModel) return await createReference(options);
  return { model, description: "the model as it was given", fingerprint: "copy", dispose: () => Promise.resolve() };
}

/** Has the reference score the batches that it has not scored yet. */
async function scoreAll(reference: Reference, batches: readonly PairBatch[], signal?: AbortSignal): Promise<void> {
  for (const batch of batches) {
    signal?.throwIfAborted();
    batch.reference ??= await referenceLogps(reference, batch);
  }
}

function joined(batches: readonly PairBatch[]): ReferenceLogps {
  return {
    chosen: batches.flatMap(({ reference }) => reference!.chosen),
    rejected: batches.flatMap(({ reference }) => reference!.rejected),
  };
}

function pick({ chosen, rejected }: ReferenceLogps, rows: readonly number[]): ReferenceLogps {
  return { chosen: rows.map((row) => chosen[row]), rejected: rows.map((row) => rejected[row]) };
}

function longestText(pairs: readonly PreferenceExample[]): number {
  return pairs.reduce(
    (longest, { promptIds, chosenIds, rejectedIds }) =>
      Math.max(longest, promptIds.length + Math.max(chosenIds.length, rejectedIds.length)),
    0,
  );
}
