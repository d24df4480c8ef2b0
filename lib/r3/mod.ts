/**
 * R3-RAG: a model that reasons and retrieves step by step, taught first by right trajectories and then by PPO.
 *
 * @module
 */
export { ANSWER_FORMS, ANSWER_PLAY_OPTIONS, type AnswerForm, answerGame, type AnswerTask } from "./answer_game.ts";
export { chooseOneShot, type OneShotChoice, type OneShotTrial } from "./choose_one_shot.ts";
export { type CollapseLimits, type CollapseWarning, collapseWarnings } from "./collapse.ts";
export { type CollectionDocument, ingestCollection, type R3Question } from "./collection.ts";
export { r3Dashboard } from "./dashboard.ts";
export { type R3Chain, r3Episodes, type R3EpisodesOptions } from "./episode_source.ts";
export { type AnswerWay, type EvaluatedR3, evaluateR3, type EvaluateR3Options } from "./evaluate.ts";
export { type FailedSearch, findForEach, isFailure } from "./find_for_each.ts";
export { R3_PLAY_OPTIONS, r3Game, type R3GameOptions, type R3Task, stepPrompt } from "./game.ts";
export { type HotpotCollection, hotpotCollection, type HotpotQuestion, readHotpotRows } from "./hotpot_collection.ts";
export { hotpotTrajectories, type HotpotTrajectoryOptions } from "./hotpot_trajectories.ts";
export { type JudgedEpisode, judgeEpisodes, type R3Judges } from "./judge_episodes.ts";
export { neutralLine } from "./neutral_line.ts";
export {
  cutAtWord,
  DEFAULT_PASSAGE_LIMITS,
  type FoundPassage,
  type PassageLimits,
  type PassageRequest,
  type PassageRetriever,
  resolveLimits,
  shownPassage,
} from "./passages.ts";
export {
  type SampledTrajectories,
  sampledTrajectories,
  type SampledTrajectoryOptions,
} from "./sampled_trajectories.ts";
export { type R3RewardOptions, r3Rewards, type RewardedStep, type StepQuality } from "./rewards.ts";
export {
  type R3Evaluation,
  type R3Means,
  type R3Metrics,
  type R3Score,
  scoreEpisode,
  scoreEpisodes,
} from "./score_episodes.ts";
export { newR3State, R3_ENDINGS, type R3Ending, r3Ending, type R3State, type R3StepRecord } from "./state.ts";
export { tableRetriever, type TableRetrieverOptions } from "./table_retriever.ts";
export {
  type WorldCollection,
  worldCollection,
  type WorldCollectionOptions,
  type WorldQuestion,
} from "./world_collection.ts";
export { coldStartRows, type R3Row, type Trajectory, trajectoryRows } from "./trajectory.ts";
export { type WorldTrajectories, worldTrajectories, type WorldTrajectoryOptions } from "./world_trajectories.ts";
