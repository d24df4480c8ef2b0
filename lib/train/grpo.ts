/**
 * Group Relative Policy Optimization (Shao et al. 2024, arXiv:2402.03300), with the options, defaults and metrics of
 * TRL's GRPOTrainer: sample several completions per prompt, score them, and raise the probability of those that did
 * better than their group.
 */
import { chunk, epochOrder } from "./batch.ts";
import { stepRows } from "./data_order.ts";
import { grpoFingerprint, type GrpoOptions, roundSizes } from "./grpo_options.ts";
import { createPolicy } from "./grpo_policy.ts";
import { newRound, restoreRound, type Round, roundFiles } from "./grpo_round.ts";
import { chooseKeptLayers, type LargestBatch } from "./kept_layers.ts";
import { type PromptTokenizer, type Rollout, rolloutScorer } from "./rollout/mod.ts";
import { describeRewards } from "./rewards/mod.ts";
import { promptRows } from "./run_record.ts";
import { TrainingSession } from "./session.ts";
import type { CheckpointOptions, Metrics, TrainingStep } from "./step.ts";

export type { GrpoOptions } from "./grpo_options.ts";

/** A step of GRPO: its metrics, and the rollouts it learned from. */
export interface GrpoStep extends TrainingStep {
  rollouts: readonly Rollout[];
}

/**
 * Trains, and yields each optimizer step's metrics under TRL's names: `loss`, `grad_norm`, `learning_rate`, `reward`,
 * `reward_std`, `frac_reward_zero_std`, `rewards/NAME/mean` and `/std`, `kl` (when beta is not 0), `entropy`,
 * `clip_ratio/*`, `completions/*`, `num_tokens`, `epoch`, `step_time`.
 *
 * On-policy (one update per rollout, the default) the probability ratio is exactly 1 and advantages sum to about 0 in
 * every group, so `loss` stays near 0 whatever is learned: watch `reward`.
 *
 * @throws When batch sizes do not fit (the message says how), an option is out of range, the tokenizer is not the model's, a
 *   reward function fails (function and row are named).
 * @throws {DivergenceError} When loss or gradient are not finite: the weights are then those of the step before.
 */
export async function* grpo<Columns>(options: GrpoOptions<Columns>): AsyncGenerator<GrpoStep> {
  const { model, adapter, trainDataset, numTrainEpochs = 3, maxSteps = -1, shuffle = true, evaluate } = options;
  const sizes = roundSizes(options);
  const { promptsPerRound, roundsPerEpoch, updatesPerRound } = sizes;
  const stepsPerEpoch = roundsPerEpoch * updatesPerRound;
  const needsScores = updatesPerRound > 1 || (options.beta ?? 0) !== 0;
  const roll = rolloutScorer<Columns>({ ...options, numGenerations: options.numGenerations ?? 8 });
  // Before a checkpoint is restored: the reference is the model as it was given.
  const policy = await createPolicy(options);
  let session: TrainingSession | undefined;
  let round: Round | undefined;
  let residualLayers: number | null = null;
  try {
    session = await TrainingSession.open({
      trainer: "grpo",
      model,
      adapter,
      options: {
        ...options,
        learningRate: options.learningRate ?? 1e-6,
        processingClass: options.processingClass ?? savedTokenizer(options.tokenizer),
      },
      fingerprint: () => grpoFingerprint(options),
      hasReference: (options.beta ?? 0) !== 0,
      totalSteps: maxSteps > 0 ? maxSteps : Math.ceil(stepsPerEpoch * numTrainEpochs),
      stepsPerEpoch,
      lossLimit: Infinity,
      evaluation: evaluate && { run: async () => evaluationMetrics(await evaluate()) },
      parts: {
        train: () => promptRows(options),
        more: { rewards: describeRewards(options.rewards, options.rewardWeights) },
      },
      // Between two updates of one round its completions are part of the state.
      files: () => session!.step % updatesPerRound === 0 ? {} : roundFiles(round!),
    });
    const { random, optimizer } = session;
    // Prompts that do not fill a round are left for another epoch's order.
    const rowsOfStep = stepRows(
      stepsPerEpoch,
      (epoch) =>
        chunk(epochOrder(trainDataset.length, random, epoch, shuffle), promptsPerRound)
          .flatMap((rows) => Array.from({ length: updatesPerRound }, () => rows)),
    );
    while (!session.finished) {
      session.throwIfAborted();
      const started = performance.now();
      const rows = rowsOfStep(session.step);
      const update = session.step % updatesPerRound;
      if (update === 0) {
        const number = session.step / updatesPerRound;
        const prompts = rows.map((row) => trainDataset[row]);
        const sampled = await session.guard({ rows }, () => roll(prompts, options.sampler, number, options.signal));
        round = await newRound(policy, sampled, sizes, options);
      } else round ??= await restoreRound(session.resumedFrom!, policy, sizes, options);
      residualLayers ??= chooseKeptLayers(
        session,
        model,
        adapter,
        // Where the loss needs log-probabilities first, forward and backward cannot be one program: in shared memory nothing is kept.
        needsScores && model.engine.sharesMemory ? { ...options, gradientCheckpointing: true } : options,
        largestBatch(round!.rollouts, options),
      );
      const metrics = await policy.backward(round!.updates[update], optimizer, round!.tokensInStep, residualLayers);
      const step = await session.update({
        metrics: { ...metrics, ...round!.metrics },
        rows,
        tokens: update === 0 ? round!.tokens : 0,
        started,
      });
      yield { ...step, rollouts: round!.rollouts };
      await session.checkpoint();
    }
    await session.finish();
  } catch (error) {
    await session?.interrupted(error);
    throw error;
  } finally {
    await session?.dispose();
    await policy.dispose();
  }
}

/** The tokenizer, if it is one that can be saved. */
function savedTokenizer(tokenizer: PromptTokenizer): CheckpointOptions["processingClass"] {
  const { save } = tokenizer;
  return save && { save: save.bind(tokenizer) };
}

/** The largest micro-batch that prompts like these give: the next round's completions may be longer, up to their limit. */
function largestBatch<Columns>(
  rollouts: readonly Rollout[],
  { perDeviceTrainBatchSize = 8, maxCompletionLength = 512 }: GrpoOptions<Columns>,
): LargestBatch {
  const longestPrompt = Math.max(0, ...rollouts.map(({ promptIds }) => promptIds.length));
  return { batch: perDeviceTrainBatchSize, tokens: longestPrompt + maxCompletionLength };
}

function evaluationMetrics(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`eval_${name}`, value]));
}
