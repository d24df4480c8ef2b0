/** What PPO can be told, checked before any work is done. */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import type { AdvantageOptions } from "./ppo_advantages.ts";
import type { Episode } from "./ppo_episode.ts";
import type { PpoLossOptions } from "./ppo_loss.ts";
import type { RunParts } from "./run_record.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  commonFingerprint,
  type Metrics,
  type TrainingOptions,
} from "./step.ts";
import { type Critic, valueHeadOf } from "./value_head.ts";

/**
 * Plays a round of episodes with the policy as it is.
 *
 * @param round From 0; different for each, so that a seeded sampler draws anew.
 */
export interface EpisodeSource<E extends Episode = Episode> {
  (round: number, signal?: AbortSignal): Promise<readonly E[]>;
  /** What the run's record should say of it. */
  parts?: RunParts;
}

/**
 * What to train on what; every option not named here is that of `TrainingOptions` (without epochs of a data set and
 * accumulation, for which a round has its own), `AdvantageOptions` or `PpoLossOptions`. `maxGradNorm` holds for policy and
 * critic, each for itself; TRL 0.11.4 clips nothing.
 */
export interface PpoOptions<E extends Episode = Episode>
  extends Omit<TrainingOptions, "numTrainEpochs" | "gradientAccumulationSteps">, AdvantageOptions, PpoLossOptions {
  /** The frozen base, of any precision. */
  model: CausalLM;
  /**
   * The policy: these factors are trained. The reference is the model without them; or, if they were trained before (by
   * `sft` perhaps), a frozen copy of them.
   */
  adapter: LoraAdapter;
  /** See `createCritic`. */
  critic: Critic;
  /** Where episodes come from, a round at a time. */
  rollout: EpisodeSource<E>;
  /** Rounds of the run; `maxSteps`, counted in updates, may end it before. One of the two is needed. */
  numTotalBatches?: number;
  /** Episodes of a micro-batch: as many of them as an update needs are accumulated. Default 8. */
  perDeviceTrainBatchSize?: number;
  /** How often a round's episodes are learned from; default 4. */
  numPpoEpochs?: number;
  /** Updates of an epoch, each with a part of the episodes; default 1. */
  numMiniBatches?: number;
  /** The policy's peak learning rate; default 3e-6, for an adapter about ten times as much. */
  learningRate?: number;
  /** The critic's; default the policy's, as in TRL. */
  criticLearningRate?: number;
  /** The weight of the value loss in `loss`, and of its gradient; default 0.1. */
  vfCoef?: number;
  /**
   * The temperature at which the episodes' tokens are drawn and log-probabilities are meant; default 1. Give the sampler the
   * same one.
   */
  temperature?: number;
  /** Called at each evaluation (every evalSteps, and at the end); its metrics are added as `eval_NAME`. */
  evaluate?: () => Promise<Metrics>;
  /** The options of the source that decide what it plays: a run is resumed only with the same ones. */
  rolloutFingerprint?: Readonly<Record<string, unknown>>;
  /** Fills short rows; never attended to. Default 0. */
  padTokenId?: number;
}

/** How a run's updates divide into rounds, and the numbers with their defaults. */
export interface ResolvedPpoOptions {
  numPpoEpochs: number;
  numMiniBatches: number;
  updatesPerRound: number;
  totalSteps: number;
  learningRate: number;
  criticLearningRate: number;
  klCoef: number;
  vfCoef: number;
  temperature: number;
  perDeviceTrainBatchSize: number;
  shuffle: boolean;
  padTokenId: number;
}

/**
 * Fills in the defaults and checks everything.
 *
 * @throws {RangeError} naming the option that is out of range
 */
export function resolvePpoOptions<E extends Episode>(options: PpoOptions<E>): ResolvedPpoOptions {
  const { numTotalBatches, maxSteps = -1, numPpoEpochs = 4, numMiniBatches = 1, learningRate = 3e-6 } = options;
  const { criticLearningRate = learningRate, klCoef = 0.05, vfCoef = 0.1, temperature = 1 } = options;
  const { perDeviceTrainBatchSize = 8, shuffle = true, padTokenId = 0 } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ numTotalBatches, numPpoEpochs, numMiniBatches });
  if (numTotalBatches === undefined && maxSteps < 1) {
    throw new RangeError("numTotalBatches: expected the number of rounds, or maxSteps, the number of updates");
  }
  checkNumbers({ ...options, criticLearningRate, klCoef, vfCoef });
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`temperature: expected a number above 0, got ${temperature}: a greedy policy has no gradient`);
  }
  // A notebook does not check types before it runs.
  if (!options.adapter) throw new Error("adapter: PPO trains a LoRA adapter, which createLora makes");
  if (!options.critic) throw new Error("critic: PPO needs one, which createCritic makes");
  if (options.critic === options.adapter) throw new Error("critic: expected one of its own, got the policy's adapter");
  valueHeadOf(options.critic, options.model.config);
  const updatesPerRound = numPpoEpochs * numMiniBatches;
  const ofRounds = (numTotalBatches ?? Infinity) * updatesPerRound;
  const totalSteps = maxSteps > 0 ? Math.min(maxSteps, ofRounds) : ofRounds;
  return {
    ...{ numPpoEpochs, numMiniBatches, updatesPerRound, totalSteps, learningRate, criticLearningRate, klCoef, vfCoef },
    ...{ temperature, perDeviceTrainBatchSize, shuffle, padTokenId },
  };
}

function checkNumbers(options: AdvantageOptions & PpoLossOptions & { criticLearningRate: number; vfCoef: number }) {
  const { criticLearningRate, vfCoef, klCoef = 0.05, cliprange = 0.2, cliprangeValue = 0.2 } = options;
  const { missingEosPenalty = 0, gamma = 1, lam = 0.95, target = 6, horizon = 10_000, klEstimator = "k1" } = options;
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new RangeError(`${name}: expected ${expected}, got ${got}`);
  };
  const fromZero = { criticLearningRate, vfCoef, klCoef, cliprange, cliprangeValue, missingEosPenalty };
  for (const [name, value] of Object.entries(fromZero)) {
    if (!(value >= 0 && Number.isFinite(value))) fail(name, "a number from 0", value);
  }
  for (const [name, value] of Object.entries({ gamma, lam })) {
    if (!(value >= 0 && value <= 1)) fail(name, "a number from 0 to 1", value);
  }
  for (const [name, value] of Object.entries({ target, horizon })) {
    if (!(value > 0 && Number.isFinite(value))) fail(name, "a number above 0", value);
  }
  if (klEstimator !== "k1" && klEstimator !== "k3") fail("klEstimator", "k1 or k3", `"${klEstimator}"`);
  const { rewardClipRange = [0, 0] } = options;
  const [lowest, highest]: readonly number[] = Array.isArray(rewardClipRange) ? rewardClipRange : [NaN, NaN];
  // Without 0 in it, tokens that were given nothing would be given something.
  if (!(lowest <= 0 && highest >= 0 && Number.isFinite(highest - lowest))) {
    fail("rewardClipRange", "[lowest, highest] with 0 between them", JSON.stringify(rewardClipRange));
  }
}

/** What the curve of a run depends on, besides model, adapter and what the source plays. */
export function ppoFingerprint<E extends Episode>(
  options: PpoOptions<E>,
  resolved: ResolvedPpoOptions,
  reference: string,
): Record<string, unknown> {
  const { critic, adapKlCtrl = false, target = 6, horizon = 10_000 } = options;
  const { totalSteps: _, updatesPerRound: __, ...numbers } = resolved;
  return {
    ...commonFingerprint({ ...options, learningRate: resolved.learningRate }),
    ...numbers,
    critic: { r: critic.r, modules: [...critic.modules], scaling: critic.scaling },
    reference,
    gamma: options.gamma ?? 1,
    lam: options.lam ?? 0.95,
    klEstimator: options.klEstimator ?? "k1",
    adapKlCtrl,
    ...(adapKlCtrl ? { target, horizon } : {}),
    whitenRewards: options.whitenRewards ?? false,
    missingEosPenalty: options.missingEosPenalty ?? 0,
    ...(options.rewardClipRange ? { rewardClipRange: [...options.rewardClipRange] } : {}),
    cliprange: options.cliprange ?? 0.2,
    cliprangeValue: options.cliprangeValue ?? 0.2,
    rollout: options.rolloutFingerprint ?? {},
  };
}
