/** From episodes that were played to those that PPO learns from. */
import type { Episode } from "../ppo_episode.ts";
import type { PlayedEpisode } from "./played_episode.ts";

/**
 * One training episode for each context, with the turns' rewards at their last tokens.
 *
 * PPO sees each context by itself: what a later context was given is not passed back to an earlier one. Where a turn is to get
 * its share of what came after it, put that into its reward.
 *
 * A context has ended by itself (`terminated`) unless its last turn was cut off.
 *
 * @param turnRewards One for each turn. Null where they could not be judged: the training episodes then have the score null, as
 *   those of an episode that failed always do, and are left out and counted.
 * @throws {RangeError} when there is another number of rewards than of turns
 */
export function trainingEpisodes<Task, State>(
  { contexts, turns, ending }: PlayedEpisode<Task, State>,
  turnRewards: readonly number[] | null,
): Episode[] {
  if (turnRewards !== null && turnRewards.length !== turns.length) {
    throw new RangeError(`turnRewards: expected one for each of ${turns.length} turns, got ${turnRewards.length}`);
  }
  let turn = 0;
  return contexts.map(({ ids, lossMask, turnEnds }): Episode => {
    const first = turn;
    turn += turnEnds.length;
    const terminated = turns[turn - 1].finishReason !== "length";
    const context = { ids: [...ids], lossMask: [...lossMask], terminated };
    if (turnRewards === null || ending === "failed") return { ...context, score: null };
    const tokenRewards = ids.map(() => 0);
    turnEnds.forEach((token, i) => tokenRewards[token] = turnRewards[first + i]);
    return { ...context, tokenRewards };
  });
}
