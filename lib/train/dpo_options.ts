/** What DPO can be told, checked before any work is done. */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { examplesDigest } from "./checkpoint/mod.ts";
import { checkPairs, type PreferenceExample, textsOf } from "./dpo_batches.ts";
import { type DpoLossOptions, dpoLossOptions, type ResolvedLossOptions } from "./dpo_loss_options.ts";
import { batchingOptions } from "./sft_batches.ts";
import { checkPositiveInteger, checkTrainingOptions, commonFingerprint, type TrainingOptions } from "./step.ts";

/** What to train on what; every option not named here is that of `TrainingOptions` or `DpoLossOptions`. */
export interface DpoOptions extends TrainingOptions, DpoLossOptions {
  model: CausalLM;
  /**
   * Trains these factors and leaves the model's weights alone. The reference is then the model without them; or, if
   * they were trained before (by `sft` perhaps), a frozen copy of them. Absent: all weights are trained, and copied for
   * the reference.
   */
  adapter?: LoraAdapter;
  /** Pairs: see `preparePreferenceDataset`. */
  trainDataset: readonly PreferenceExample[];
  /** Held-out pairs, of which all metrics are added as `eval_NAME` to those of the steps that evaluate. */
  evalDataset?: readonly PreferenceExample[];
  /** Pairs of an evaluation batch; default 8. */
  perDeviceEvalBatchSize?: number;
  /** Another model for the reference, with the same tokenizer. */
  referenceModel?: CausalLM;
  /**
   * Have the reference score all pairs before the first step, and not at every step: its copy, where one would be
   * needed, is never made. Default false.
   */
  precomputeRefLogProbs?: boolean;
  /**
   * Tokens of a prompt with a completion: what is longer loses its end. Default 1024, or what the model reads if that
   * is less; null cuts nothing.
   */
  maxLength?: number | null;
  /**
   * Put several completions of a micro-batch, isolated from each other, into one row, so that little of it is padding.
   * It changes nothing but time. Default false.
   */
  packing?: boolean;
  /** Fills short rows; never attended to. Default 0. */
  padTokenId?: number;
}

/** The options with their defaults. */
export interface ResolvedDpoOptions {
  loss: ResolvedLossOptions;
  learningRate: number;
  perDeviceTrainBatchSize: number;
  perDeviceEvalBatchSize: number;
  gradientAccumulationSteps: number;
  shuffle: boolean;
  maxLength: number | null;
  /** How pairs become a batch. */
  batching: { padTokenId: number; packing: boolean; scorePrompts: boolean };
}

/**
 * Fills in the defaults and checks everything.
 *
 * @throws {RangeError} naming the option that is out of range
 * @throws When there are no rows, or a row cannot be learned from (its index is named).
 */
export function resolveDpoOptions(options: DpoOptions): ResolvedDpoOptions {
  const { model, trainDataset, evalDataset = [], padTokenId = 0, packing = false, shuffle = true } = options;
  const { learningRate = 1e-6, perDeviceTrainBatchSize = 8, perDeviceEvalBatchSize = 8 } = options;
  const { gradientAccumulationSteps = 1 } = options;
  const loss = dpoLossOptions(options);
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ perDeviceEvalBatchSize });
  const { maxLength } = batchingOptions({ maxLength: options.maxLength }, model.config.maxPositions);
  if (options.referenceModel && !loss.needsReference) {
    throw new Error(`referenceModel: ${loss.losses[0].type} knows no reference; leave it out`);
  }
  if (trainDataset.length === 0) throw new Error("trainDataset has no rows");
  // Completions that are cut may be longer than the model reads.
  const limits = maxLength === null ? model.config : { ...model.config, maxPositions: Infinity };
  checkPairs(trainDataset, "trainDataset", limits);
  checkPairs(evalDataset, "evalDataset", limits);
  return {
    ...{ loss, learningRate, perDeviceTrainBatchSize, perDeviceEvalBatchSize, gradientAccumulationSteps, shuffle },
    maxLength,
    batching: { padTokenId, packing, scorePrompts: loss.losses.some(({ type }) => type === "orpo") },
  };
}

/** What the curve of a run depends on, besides model and adapter. */
export function dpoFingerprint(
  options: DpoOptions,
  { loss, maxLength, batching, learningRate }: ResolvedDpoOptions,
  reference: string,
): Record<string, unknown> {
  const { losses, needsReference, ...numbers } = loss;
  return {
    ...commonFingerprint({ ...options, learningRate }),
    losses: Object.fromEntries(losses.map(({ type, weight }) => [type, weight])),
    ...numbers,
    ...(needsReference ? { reference, precomputeRefLogProbs: options.precomputeRefLogProbs ?? false } : {}),
    maxLength,
    ...batching,
    trainDataset: examplesDigest(textsOf(options.trainDataset)),
  };
}
