/** The same questions, answered in three ways: from memory, after one search, and step by step. */
import type { MeanIntervalOptions } from "../retrieval/evaluate/mod.ts";
import { type PlayedEpisode, playEpisodes, type PlayOptions } from "../train/mod.ts";
import { ANSWER_PLAY_OPTIONS, type AnswerForm, answerGame, type AnswerTask } from "./answer_game.ts";
import type { R3Question } from "./collection.ts";
import { findForEach, isFailure } from "./find_for_each.ts";
import { R3_PLAY_OPTIONS, r3Game, type R3GameOptions } from "./game.ts";
import { type PassageLimits, type PassageRetriever, resolveLimits, shownPassage } from "./passages.ts";
import { type R3Evaluation, scoreEpisodes } from "./score_episodes.ts";
import { newR3State, type R3State } from "./state.ts";

/** A way to an answer. */
export type AnswerWay =
  | { kind: "noRetrieval"; form: AnswerForm }
  /** The question itself is searched for. Default: 5 passages. */
  | { kind: "oneShot"; form: AnswerForm; retriever: PassageRetriever; passages?: number }
  | { kind: "chain" } & R3GameOptions;

/** How to evaluate; other options as of `playEpisodes`. */
export interface EvaluateR3Options extends PlayOptions<R3Question>, Pick<PassageLimits, "maxPassageCharacters"> {
  questions: readonly R3Question[];
  way: AnswerWay;
  interval?: MeanIntervalOptions;
}

/** An evaluation with the episodes that it is of. */
export interface EvaluatedR3 extends R3Evaluation {
  episodes: PlayedEpisode<R3Question, R3State>[];
}

/**
 * Plays all questions in one way and scores them. Greedy unless a temperature is given. A question's draws depend on its id and not on
 * the other questions.
 *
 * @throws As `playEpisodes` and `scoreEpisodes` do.
 */
export async function evaluateR3(options: EvaluateR3Options): Promise<EvaluatedR3> {
  const { questions, way, interval, maxPassageCharacters, ...given } = options;
  const play = { temperature: 0, taskSeed: ({ id }: { id: string }) => id, ...given };
  if (way.kind === "chain") {
    const episodes = await playEpisodes(r3Game<R3Question>(way), questions, { ...R3_PLAY_OPTIONS, ...play });
    return { ...scoreEpisodes(episodes, interval), episodes };
  }
  const { tasks, failed } = await answerTasks(questions, way, { maxPassageCharacters }, play.signal);
  const played = await playEpisodes(answerGame<AnswerQuestion>(way.form), tasks, { ...ANSWER_PLAY_OPTIONS, ...play });
  const episodes = [...played, ...failed];
  return { ...scoreEpisodes(episodes, interval), episodes };
}

type AnswerQuestion = R3Question & AnswerTask;

/** The questions with what one search finds for each; those whose search failed as episodes that failed. */
async function answerTasks(
  questions: readonly R3Question[],
  way: Exclude<AnswerWay, { kind: "chain" }>,
  limits: PassageLimits,
  signal?: AbortSignal,
): Promise<{ tasks: AnswerQuestion[]; failed: PlayedEpisode<R3Question, R3State>[] }> {
  if (way.kind === "noRetrieval") return { tasks: questions.map((each) => ({ ...each, passages: [] })), failed: [] };
  const { maxPassageCharacters } = resolveLimits(limits);
  const { retriever, passages: limit = 5 } = way;
  const found = await findForEach(retriever, questions.map(({ question }) => ({ query: question, limit })), signal);
  const tasks: AnswerQuestion[] = [];
  const failed: PlayedEpisode<R3Question, R3State>[] = [];
  for (const [at, question] of questions.entries()) {
    const result = found[at];
    if (isFailure(result)) {
      const nothing = { sample: 0, state: newR3State(), turns: [], contexts: [], regenerations: 0 };
      failed.push({ ...nothing, task: question, ending: "failed", failure: result.failure });
    } else {
      tasks.push({ ...question, passages: result.map((passage) => shownPassage(passage, maxPassageCharacters)) });
    }
  }
  return { tasks, failed };
}
