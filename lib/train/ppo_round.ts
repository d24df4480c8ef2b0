/** A round of PPO: the episodes that the policy played, what they are to teach, and how they are cut into updates. */
import { z } from "zod";
import type { Random } from "../random/mod.ts";
import { chunk, collate, type TrainingBatch } from "./batch.ts";
import type { PpoActor } from "./ppo_actor.ts";
import { type AdvantageOptions, type RoundScores, roundTargets, type TokenTargets } from "./ppo_advantages.ts";
import type { PpoCritic } from "./ppo_critic.ts";
import type { Reference } from "./dpo_reference.ts";
import { type Episode, policyTokens } from "./ppo_episode.ts";
import type { ResolvedPpoOptions } from "./ppo_options.ts";
import { mean, type Metrics } from "./step.ts";

/** What an episode teaches, each with one number for each token that the policy wrote. */
export interface Lesson extends TokenTargets {
  /** By the policy as it was when the round began. */
  oldLogProbs: readonly number[];
  /** By the critic as it was when the round began. */
  oldValues: readonly number[];
}

/** Episodes with what they teach. */
export interface PpoRound<E extends Episode = Episode> {
  episodes: readonly E[];
  /** One for each episode. */
  lessons: readonly Lesson[];
  /** What was measured of the round: see `roundTargets`, and the episodes' own metrics. */
  metrics: Metrics;
}

/** Policies and critic, as `scoreRound` asks them. */
export interface RoundModels {
  actor: PpoActor;
  critic: PpoCritic;
  reference: Pick<Reference, "model" | "adapter">;
}

/** Has policy, reference and critic score a round's episodes, and works out what they teach. */
export async function scoreRound<E extends Episode>(
  { actor, critic, reference }: RoundModels,
  episodes: readonly E[],
  klCoef: number,
  { perDeviceTrainBatchSize, padTokenId }: Pick<ResolvedPpoOptions, "perDeviceTrainBatchSize" | "padTokenId">,
  options: AdvantageOptions,
): Promise<PpoRound<E>> {
  const scores: RoundScores[] = [];
  for (const rows of chunk(byLength(episodes, episodes.keys()), perDeviceTrainBatchSize)) {
    const part = rows.map((row) => episodes[row]);
    const batch = collate(part, padTokenId);
    const logProbs = byEpisode(part, await actor.logProbs(batch));
    const referenceLogProbs = byEpisode(part, await actor.logProbs(batch, reference));
    const values = byEpisode(part, await critic.values(batch));
    rows.forEach((row, i) => {
      scores[row] = { logProbs: logProbs[i], referenceLogProbs: referenceLogProbs[i], values: values[i] };
    });
  }
  const { eosTokenIds } = actor.model.config;
  const { targets, metrics } = roundTargets(episodes, scores, klCoef, eosTokenIds, options);
  const lessons = targets.map((target, i): Lesson => ({
    ...target,
    oldLogProbs: scores[i].logProbs,
    oldValues: scores[i].values,
  }));
  return { episodes, lessons, metrics: { ...metrics, ...ownMetrics(episodes) } };
}

/** Episodes of about the same length go into a micro-batch together: the sums are the same, and little of it is padding. */
function byLength(episodes: readonly Episode[], rows: Iterable<number>): number[] {
  return [...rows].sort((one, other) => episodes[one].ids.length - episodes[other].ids.length);
}

/** One list of numbers for each episode out of the flat list of all wanted tokens. */
function byEpisode(episodes: readonly Episode[], flat: readonly number[]): number[][] {
  let at = 0;
  return episodes.map((episode) => {
    const { length } = policyTokens(episode);
    return flat.slice(at, at += length);
  });
}

/** Each name's mean over the episodes that have it. */
function ownMetrics(episodes: readonly Episode[]): Metrics {
  const values: Record<string, number[]> = {};
  for (const { metrics = {} } of episodes) {
    for (const [name, value] of Object.entries(metrics)) (values[name] ??= []).push(value);
  }
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, mean(list)]));
}

/** A micro-batch of an update: the wanted tokens' numbers in the order of `batch.wanted`. */
export interface LessonBatch extends Lesson {
  batch: TrainingBatch;
}

/**
 * The micro-batches of one update. Each epoch of a round visits all episodes in an order of its own, cut into
 * `numMiniBatches` parts that differ by one episode at most.
 *
 * @param update Of the round, from 0.
 * @param random A source of its own for the round.
 */
export function lessonsOfUpdate(
  { episodes, lessons }: PpoRound,
  update: number,
  random: Random,
  { numMiniBatches, perDeviceTrainBatchSize, shuffle, padTokenId }: ResolvedPpoOptions,
): LessonBatch[] {
  const all = episodes.map((_, index) => index);
  const order = shuffle ? random.fork(Math.floor(update / numMiniBatches)).shuffle(all) : all;
  const part = update % numMiniBatches;
  const edge = (place: number) => Math.floor(place * order.length / numMiniBatches);
  const ofUpdate = byLength(episodes, order.slice(edge(part), edge(part + 1)));
  return chunk(ofUpdate, perDeviceTrainBatchSize).map((rows) => {
    const joined = (name: keyof Lesson) => rows.flatMap((row) => [...lessons[row][name]]);
    return {
      batch: collate(rows.map((row) => episodes[row]), padTokenId),
      oldLogProbs: joined("oldLogProbs"),
      oldValues: joined("oldValues"),
      advantages: joined("advantages"),
      returns: joined("returns"),
    };
  });
}

const numbers = z.array(z.number());

/** A round as a checkpoint keeps it. Finite numbers keep all their digits in JSON. */
export const roundSchema = z.object({
  episodes: z.array(z.looseObject({
    ids: z.array(z.number().int().nonnegative()),
    lossMask: z.array(z.boolean()),
    score: z.number().nullish(),
    tokenRewards: numbers.optional(),
    terminated: z.boolean().optional(),
    metrics: z.record(z.string(), z.number()).optional(),
  })),
  lessons: z.array(z.object({ advantages: numbers, returns: numbers, oldLogProbs: numbers, oldValues: numbers })),
  metrics: z.record(z.string(), z.number()),
});
