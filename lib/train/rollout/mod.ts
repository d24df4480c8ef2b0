/**
 * What a policy writes, to be learned from: completions that reward functions score, and episodes of several turns, between
 * which something is done (a search, a tool) and the policy reads what came of it.
 *
 * @module
 */
export { episodeMetrics } from "./episode_metrics.ts";
export * from "./game.ts";
export * from "./local_sampler.ts";
export { playEpisodes } from "./play_episodes.ts";
export type { EpisodesProgress, PlayOptions } from "./play_options.ts";
export * from "./played_episode.ts";
export { policyDecoder } from "./policy_decoder.ts";
export * from "./scored_completions.ts";
export { trainingEpisodes } from "./training_episodes.ts";
