/** What episodes came to: exact match, F1, format, steps and passages. */
import {
  answerF1,
  exactMatch,
  type MeanInterval,
  meanInterval,
  type MeanIntervalOptions,
} from "../retrieval/evaluate/mod.ts";
import type { PlayedEpisode } from "../train/mod.ts";
import type { R3Question } from "./collection.ts";
import { R3_ENDINGS, type R3Ending, r3Ending, type R3State } from "./state.ts";

/** What is measured of an episode. Shares are from 0 to 1. */
export interface R3Metrics {
  /** HotpotQA's: 1 where the answer is the right one but for case, punctuation and articles; 0 without an answer. */
  exactMatch: number;
  /** HotpotQA's, of words; 0 without an answer. */
  f1: number;
  /** 1 where it ended with an answer. */
  answered: number;
  /** Of its turns, those thrown away included, the share that are steps. */
  format: number;
  /** Steps, the answer included. */
  steps: number;
  /** Passages that were shown. */
  passages: number;
  /** Of the supporting documents, the share that were shown. */
  supportFound: number;
}

/** One episode. */
export interface R3Score {
  question: R3Question;
  sample: number;
  answer: string | null;
  ending: R3Ending;
  metrics: R3Metrics;
}

/** Means of the metrics with their confidence intervals. */
export type R3Means = { [Name in keyof R3Metrics]: MeanInterval };

/** What episodes came to. */
export interface R3Evaluation {
  /** In the order of the episodes; those that failed are not among them. */
  scores: R3Score[];
  means: R3Means;
  /** Means of the questions of each type, and of each number of supporting documents (`"2 hops"`). */
  byKind: Record<string, R3Means>;
  /** Of all turns that were written, the share that are steps. */
  formatAdherence: number;
  /** Episodes by how they ended. */
  endings: Record<R3Ending, number>;
}

/**
 * Scores episodes. Those whose search failed say nothing about the policy: they are counted among the endings and left out of all
 * else.
 *
 * @throws {RangeError} When there is nothing to score.
 */
export function scoreEpisodes<Question extends R3Question>(
  episodes: readonly PlayedEpisode<Question, R3State>[],
  interval: MeanIntervalOptions = {},
): R3Evaluation {
  const endings = Object.fromEntries(R3_ENDINGS.map((ending) => [ending, 0])) as Record<R3Ending, number>;
  for (const episode of episodes) endings[r3Ending(episode)]++;
  const finished = episodes.filter((episode) => r3Ending(episode) !== "failed");
  if (finished.length === 0) {
    throw new RangeError(
      `none of ${episodes.length} episodes can be scored: ${endings.failed} failed; is the search there?`,
    );
  }
  const scores = finished.map((episode) => scoreEpisode(episode));
  const kinds = Map.groupBy(
    scores.flatMap((score) => kindsOf(score.question).map((kind) => ({ kind, score }))),
    ({ kind }) => kind,
  );
  const steps = sum(finished.map(({ state }) => state.steps.length));
  const malformed = sum(finished.map(({ state }) => state.malformedTurns));
  return {
    scores,
    means: meansOf(scores, interval),
    byKind: Object.fromEntries(
      [...kinds].sort(([one], [other]) => one < other ? -1 : 1)
        .map(([kind, ofKind]) => [kind, meansOf(ofKind.map(({ score }) => score), interval)]),
    ),
    formatAdherence: steps / Math.max(1, steps + malformed),
    endings,
  };
}

/** What one episode came to. */
export function scoreEpisode<Question extends R3Question>(episode: PlayedEpisode<Question, R3State>): R3Score {
  const { task: question, sample, state: { answer, steps, malformedTurns, passages } } = episode;
  const shown = new Set(passages.map(({ document }) => document));
  const found = question.support.filter((document) => shown.has(document)).length;
  const written = steps.length + malformedTurns;
  return {
    question,
    sample,
    answer,
    ending: r3Ending(episode),
    metrics: {
      exactMatch: answer === null ? 0 : exactMatch(answer, question.answer),
      f1: answer === null ? 0 : answerF1(answer, question.answer),
      answered: answer === null ? 0 : 1,
      format: written === 0 ? 1 : steps.length / written,
      steps: steps.length,
      passages: passages.length,
      supportFound: question.support.length === 0 ? 1 : found / question.support.length,
    },
  };
}

function kindsOf({ type, support }: R3Question): string[] {
  return [type, `${support.length} ${support.length === 1 ? "hop" : "hops"}`];
}

function meansOf(scores: readonly R3Score[], interval: MeanIntervalOptions): R3Means {
  const names = Object.keys(scores[0].metrics) as (keyof R3Metrics)[];
  return Object.fromEntries(
    names.map((name) => [name, meanInterval(scores.map(({ metrics }) => metrics[name]), interval)]),
  ) as R3Means;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
