/** What PPO learns R3's steps from. */
import { Random, type RandomSeed } from "../random/mod.ts";
import {
  type Episode,
  type EpisodeSource,
  type Metrics,
  type PlayedEpisode,
  playEpisodes,
  type PlayOptions,
  type PromptMessage,
  promptRows,
  trainingEpisodes,
} from "../train/mod.ts";
import type { R3Question } from "./collection.ts";
import { R3_PLAY_OPTIONS, r3Game, type R3GameOptions } from "./game.ts";
import { judgeEpisodes, type R3Judges } from "./judge_episodes.ts";
import { type R3RewardOptions, r3Rewards, type RewardedStep } from "./rewards.ts";
import { scoreEpisode } from "./score_episodes.ts";
import { r3Ending, type R3State } from "./state.ts";

/** What is asked, who plays and who judges; other options as of `playEpisodes`. */
export interface R3EpisodesOptions extends Omit<PlayOptions<R3Question>, "taskSeed">, R3GameOptions, R3Judges {
  questions: readonly R3Question[];
  /** Questions of a round. */
  questionsPerRound: number;
  /** Chains per question. Default 4. */
  samples?: number;
  rewards?: R3RewardOptions;
  /** Called with a round's chains when they are judged: for samples in a log. */
  onRound?: (round: number, chains: readonly R3Chain[]) => void;
}

/** A chain with its rewards, one for each turn; null where it could not be judged. */
export interface R3Chain {
  episode: PlayedEpisode<R3Question, R3State>;
  steps: readonly RewardedStep[];
  rewards: readonly number[] | null;
}

/**
 * Makes the `rollout` of `ppo` that plays chains of retrieval. Each step is a training episode of its own, after its own
 * prompt, with its reward at its last token; retrieved text stands in prompts only. Chains whose search failed, or that could
 * not be judged, are left out and counted.
 *
 * Logged: `r3/em`, `r3/f1`, `r3/answered`, `r3/format`, `r3/steps`, `r3/passages` and `r3/support` of chains as they are
 * sampled; of steps `r3/step_tokens`, `r3/reward/query`, `r3/reward/answer`, `r3/reward/malformed`, `r3/coherence`,
 * `r3/rationality` and `r3/relevance`.
 *
 * R3-RAG draws a question's four chains at the temperatures 0.1, 0.4, 0.7 and 1.0. PPO means log-probabilities at one temperature, so
 * the default is 1 for all; give `temperature: [0.1, 0.4, 0.7, 1]` to do as they do.
 *
 * @throws {RangeError} when a round has no or more questions than there are
 */
export function r3Episodes(options: R3EpisodesOptions): EpisodeSource {
  const { questions, questionsPerRound, rewards: rewardOptions = {}, seed = 42, onRound, ...others } = options;
  const { retriever, maxSteps, passagesPerStep, maxPassages, maxPassageCharacters, ...rest } = others;
  const { stepJudge, answerJudge, ...play } = rest;
  if (!Number.isInteger(questionsPerRound) || questionsPerRound < 1 || questionsPerRound > questions.length) {
    throw new RangeError(
      `questionsPerRound: expected a whole number from 1 to ${questions.length}, the number of questions, ` +
        `got ${questionsPerRound}`,
    );
  }
  const { only = "both" } = rewardOptions;
  const judges: R3Judges = {
    stepJudge: only === "outcome" ? null : stepJudge,
    answerJudge: only === "process" ? null : answerJudge,
  };
  checkJudges(judges, only);
  const game = r3Game<R3Question>({ retriever, maxSteps, passagesPerStep, maxPassages, maxPassageCharacters });
  const limits = { ...R3_PLAY_OPTIONS, maxTurns: maxSteps ?? R3_PLAY_OPTIONS.maxTurns };
  const source: EpisodeSource = async (round, signal) => {
    const tasks = questionsOf(questions, questionsPerRound, seed, round);
    const episodes = await playEpisodes(game, tasks, {
      samples: 4,
      ...limits,
      ...play,
      seed: `${seed} round ${round}`,
      taskSeed: ({ id }) => id,
      signal: signal ?? play.signal,
    });
    const steps = await judgeEpisodes(episodes, judges, signal);
    const chains = episodes.map((episode, i): R3Chain => ({
      episode,
      steps: steps[i],
      rewards: r3Ending(episode) === "failed" ? null : r3Rewards(steps[i], rewardOptions),
    }));
    onRound?.(round, chains);
    return chains.flatMap(trainingSteps);
  };
  source.parts = {
    train: () =>
      promptRows({
        trainDataset: questions.map((task) => ({ ...task, prompt: [...game.begin(task).prompt] as PromptMessage[] })),
        tokenizer: play.tokenizer,
      }),
    more: {
      episodes: {
        kind: "R3-RAG",
        questionsPerRound,
        samples: play.samples ?? 4,
        maxTurns: limits.maxTurns,
        maxTurnTokens: play.maxTurnTokens ?? limits.maxTurnTokens,
        maxContextTokens: play.maxContextTokens ?? null,
        rewards: { ...rewardOptions },
      },
    },
  };
  return source;
}

function checkJudges({ stepJudge, answerJudge }: R3Judges, only: "both" | "outcome" | "process"): void {
  // A notebook does not check types before it runs, and a missing judge would leave every chain out.
  if (only !== "outcome" && !stepJudge) {
    throw new Error(`stepJudge: the reward (${only}) needs one, such as lexicalJudge()`);
  }
  if (only !== "process" && !answerJudge) {
    throw new Error(`answerJudge: the reward (${only}) needs one, such as lexicalAnswerJudge()`);
  }
}

/** The questions of a round: each pass over all of them goes in an order of its own. */
function questionsOf(
  questions: readonly R3Question[],
  count: number,
  seed: RandomSeed,
  round: number,
): readonly R3Question[] {
  const rounds = Math.floor(questions.length / count);
  const order = new Random(seed).fork("questions").fork(Math.floor(round / rounds)).shuffle(questions);
  const first = (round % rounds) * count;
  return order.slice(first, first + count);
}

function trainingSteps({ episode, steps, rewards }: R3Chain): Episode[] {
  const training = trainingEpisodes(episode, rewards);
  if (rewards === null) return training;
  const ofChain = chainMetrics(episode);
  return training.map((each, i) => ({
    ...each,
    metrics: {
      ...(i === 0 ? ofChain : {}),
      "r3/step_tokens": episode.turns[i].tokenIds.length,
      [`r3/reward/${steps[i].kind}`]: rewards[i],
      ...qualityMetrics(steps[i]),
    },
  }));
}

function chainMetrics(episode: PlayedEpisode<R3Question, R3State>): Metrics {
  const { exactMatch, f1, answered, format, steps, passages, supportFound } = scoreEpisode(episode).metrics;
  return {
    ...{ "r3/em": exactMatch, "r3/f1": f1, "r3/answered": answered, "r3/format": format },
    ...{ "r3/steps": steps, "r3/passages": passages, "r3/support": supportFound },
  };
}

function qualityMetrics(step: RewardedStep): Metrics {
  if (step.kind !== "query" || step.quality === null) return {};
  const { coherence, rationality, relevance } = step.quality;
  return { "r3/coherence": coherence, "r3/rationality": rationality, "r3/relevance": relevance };
}
