/** Trajectories that a model wrote itself, of which the right ones are kept: rejection sampling. */
import { exactMatch, normalizeAnswer } from "../data/mod.ts";
import { playEpisodes, type PlayOptions } from "../train/mod.ts";
import type { R3Question } from "./collection.ts";
import { R3_PLAY_OPTIONS, r3Game, type R3GameOptions } from "./game.ts";
import type { R3State, R3StepRecord } from "./state.ts";
import type { Trajectory } from "./trajectory.ts";

/** What is sampled and what is kept; other options as of `playEpisodes`. */
export interface SampledTrajectoryOptions extends PlayOptions<R3Question> {
  questions: readonly R3Question[];
  game: R3GameOptions;
  /** Different trajectories of a question, the shortest first. Default 1. */
  keep?: number;
  /** Keep only what has seen all supporting documents: a right answer may be a guess. Default true. */
  mustFindSupport?: boolean;
}

/** What was kept of it. */
export interface SampledTrajectories {
  trajectories: Trajectory[];
  /** Episodes that were sampled, those that were right, and those whose search failed. */
  episodes: number;
  right: number;
  failed: number;
}

/**
 * Samples episodes (4 of each question at temperature 1, unless told otherwise) and keeps those whose answer is right, that asked
 * nothing twice and, where it is known what supports the answer, have seen it. Steps that had to be written anew do not
 * matter: what is kept is what was written in the end.
 *
 * @throws As `playEpisodes` does; {RangeError} when `keep` is no positive integer.
 */
export async function sampledTrajectories(options: SampledTrajectoryOptions): Promise<SampledTrajectories> {
  const { questions, game, keep = 1, mustFindSupport = true, ...given } = options;
  if (!Number.isInteger(keep) || keep < 1) throw new RangeError(`keep: expected a whole number above 0, got ${keep}`);
  const play = { samples: 4, taskSeed: ({ id }: R3Question) => id, ...given };
  const episodes = await playEpisodes(r3Game<R3Question>(game), questions, { ...R3_PLAY_OPTIONS, ...play });
  const right = episodes.filter(({ task, state }) => isRight(task, state, mustFindSupport));
  const trajectories: Trajectory[] = [];
  for (const [question, ofQuestion] of Map.groupBy(right, ({ task }) => task)) {
    const shortestFirst = ofQuestion.toSorted((one, other) => one.state.steps.length - other.state.steps.length);
    const different = new Map(shortestFirst.toReversed().map(({ state: { steps } }) => [textOf(steps), steps]));
    const kept = [...different.values()].toReversed().slice(0, keep);
    trajectories.push(...kept.map((steps) => ({ question, steps })));
  }
  return {
    trajectories,
    episodes: episodes.length,
    right: right.length,
    failed: episodes.filter(({ ending }) => ending === "failed").length,
  };
}

function isRight({ answer, support }: R3Question, state: R3State, mustFindSupport: boolean): boolean {
  if (state.answer === null || exactMatch(state.answer, answer) === 0) return false;
  const queries = state.steps.flatMap(({ step }) => "query" in step ? [normalizeAnswer(step.query)] : []);
  if (new Set(queries).size < queries.length) return false;
  const shown = new Set(state.passages.map(({ document }) => document));
  return !mustFindSupport || support.every((document) => shown.has(document));
}

function textOf(steps: readonly R3StepRecord[]): string {
  return steps.map(({ text }) => text).join("\n");
}
