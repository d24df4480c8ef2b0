/** A round of GRPO: the completions of one generation, and the updates made with them. */
import { z } from "zod";
import { chunk } from "./batch.ts";
import type { RoundSizes } from "./grpo_options.ts";
import { activeTokens, type createPolicy, type RolloutBatch } from "./grpo_policy.ts";
import type { Rollout } from "./rollout/mod.ts";
import type { Metrics } from "./step.ts";

type Policy = Awaited<ReturnType<typeof createPolicy>>;

/** Completions, scored and cut into micro-batches. */
export interface Round {
  rollouts: readonly Rollout[];
  /** What was measured of the completions. */
  metrics: Metrics;
  /** Tokens of prompts and completions. */
  tokens: number;
  /** Tokens by which some losses divide: those of all completions, shared evenly among the steps of a pass (as TRL). */
  tokensInStep: number;
  batches: readonly RolloutBatch[];
  /** The micro-batches of each optimizer step. */
  updates: readonly (readonly RolloutBatch[])[];
}

interface RoundOptions {
  perDeviceTrainBatchSize?: number;
  gradientAccumulationSteps?: number;
  numIterations?: number;
}

/** Cuts completions into micro-batches and scores them by the policies that do not change while they are used. */
export async function newRound(
  policy: Policy,
  { rollouts, metrics }: { rollouts: readonly Rollout[]; metrics: Metrics },
  sizes: RoundSizes,
  options: RoundOptions,
): Promise<Round> {
  const round = roundOf(policy, { rollouts, metrics }, sizes, options);
  // Within one pass over a batch sampled by the current weights, old and new log-probabilities are the same numbers.
  const onPolicy = sizes.updatesPerRound === 1;
  for (const batch of round.batches) await policy.scoreFixed(batch, onPolicy);
  return round;
}

function roundOf(
  policy: Policy,
  { rollouts, metrics }: { rollouts: readonly Rollout[]; metrics: Metrics },
  { stepsPerPass }: RoundSizes,
  { perDeviceTrainBatchSize = 8, gradientAccumulationSteps = 1, numIterations = 1 }: RoundOptions,
): Round {
  const batches = chunk(rollouts, perDeviceTrainBatchSize).map((part) => policy.prepare(part));
  return {
    rollouts,
    metrics,
    tokens: rollouts.reduce((sum, { promptIds, completionIds }) => sum + promptIds.length + completionIds.length, 0),
    tokensInStep: batches.reduce((sum, batch) => sum + activeTokens(batch), 0) / stepsPerPass,
    batches,
    updates: Array.from({ length: numIterations }, () => chunk(batches, gradientAccumulationSteps)).flat(),
  };
}

const ROUND_FILE = "rollouts.json";

const ids = z.array(z.number().int().nonnegative());
const logProbs = z.array(z.array(z.number()));
const roundSchema = z.object({
  rollouts: z.array(z.object({
    promptIds: ids,
    completionIds: ids,
    terminated: z.boolean(),
    prompt: z.string(),
    completion: z.string(),
    rewards: z.record(z.string(), z.number().nullable()),
    reward: z.number().nullable(),
    advantage: z.number(),
  })),
  metrics: z.record(z.string(), z.number()),
  batches: z.array(z.object({ oldLogProbs: logProbs.optional(), referenceLogProbs: logProbs.optional() })),
});

/** A round as a checkpoint keeps it. Finite numbers keep all their digits in JSON. */
export function roundFiles({ rollouts, metrics, batches }: Round): Record<string, z.infer<typeof roundSchema>> {
  const content = {
    rollouts,
    metrics,
    batches: batches.map(({ oldLogProbs, referenceLogProbs }) => ({ oldLogProbs, referenceLogProbs })),
  };
  return { [ROUND_FILE]: content as z.infer<typeof roundSchema> };
}

/** The round in the middle of which a checkpoint was saved. Throws, naming the file, when it is not one. */
export async function restoreRound(
  checkpoint: string,
  policy: Policy,
  sizes: RoundSizes,
  options: RoundOptions,
): Promise<Round> {
  const path = `${checkpoint}/${ROUND_FILE}`;
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); resume from another checkpoint`);
  }
  const parsed = roundSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: field "${issue.path.join(".")}": ${issue.message}; resume from another checkpoint`);
  }
  const round = roundOf(policy, parsed.data, sizes, options);
  round.batches.forEach((batch, i) => Object.assign(batch, parsed.data.batches[i]));
  return round;
}
