/**
 * What a policy writes, to be learned from: completions that reward functions score, and episodes of several turns, between
 * which something is done (a search, a tool) and the policy reads what came of it.
 *
 * @module
 */
export type { EndpointPolicyOptions } from "./endpoint_policy.ts";
export { type EndpointSampler, endpointSampler, type EndpointSamplerOptions } from "./endpoint_sampler.ts";
export { type EndpointTurns, endpointTurns } from "./endpoint_turns.ts";
export { episodeMetrics } from "./episode_metrics.ts";
export * from "./game.ts";
export * from "./local_sampler.ts";
export { playEpisodes } from "./play_episodes.ts";
export type { EpisodesProgress, PlayOptions } from "./play_options.ts";
export * from "./played_episode.ts";
export { policyDecoder } from "./policy_decoder.ts";
export * from "./scored_completions.ts";
export type { TurnDrawing, TurnRequest, TurnSource, WrittenTurn } from "./turn_source.ts";
export { trainingEpisodes } from "./training_episodes.ts";
