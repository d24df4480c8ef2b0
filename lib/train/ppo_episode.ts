/** What PPO learns from: texts that a policy had a part in, and what that part was worth. */
import { checkExamples, type TokenizedExample } from "./batch.ts";
import type { Metrics } from "./step.ts";

/**
 * One episode: everything that was in the model's context, in its order. `lossMask` is true where the policy wrote the
 * token: prompts, retrieved passages and tools' answers are read, and are never in the loss, the KL divergence, the
 * values or the advantages. A single completion is an episode with one stretch of such tokens, a chain of retrievals one
 * with several. Further fields stay with it; a checkpoint keeps what JSON can hold of them.
 */
export interface Episode extends TokenizedExample {
  /**
   * What the whole was worth: a reward at the policy's last token. Absent: 0. Null where it could not be judged: the
   * episode is left out, and counted.
   */
  score?: number | null;
  /** Rewards at tokens, one for each id, such as those of steps at their last tokens; 0 where the policy wrote nothing. */
  tokenRewards?: readonly number[];
  /** Whether it ended by itself; default: whether its last token is one that ends a text. */
  terminated?: boolean;
  /** Numbers for the log: each name gets its mean over the episodes of a round that have it. */
  metrics?: Readonly<Metrics>;
}

/** The places in `ids` of the tokens that the policy wrote. The first token of a text is nobody's: nothing predicts it. */
export function policyTokens({ lossMask }: Pick<Episode, "lossMask">): number[] {
  return lossMask.flatMap((isPolicy, token) => isPolicy && token > 0 ? [token] : []);
}

/** Whether an episode ended by itself. */
export function isTerminated({ terminated, ids }: Episode, eosTokenIds: readonly number[]): boolean {
  return terminated ?? eosTokenIds.includes(ids[ids.length - 1]);
}

/** The episodes that were judged, and how many were not. */
export function judged<E extends Episode>(episodes: readonly E[]): { judged: E[]; leftOut: number } {
  const kept = episodes.filter(({ score }) => score !== null);
  return { judged: kept, leftOut: episodes.length - kept.length };
}

/**
 * Finds episodes that cannot be learned from.
 *
 * @param name What they are called in a message, such as `round 3`.
 * @throws Naming the episode's index.
 */
export function checkEpisodes(
  episodes: readonly Episode[],
  name: string,
  limits: { vocabSize: number; maxPositions: number },
): void {
  checkExamples(episodes, name, limits);
  for (const [index, { ids, lossMask, score, tokenRewards, metrics = {} }] of episodes.entries()) {
    const fail = (problem: string): never => {
      throw new Error(`${name}, row ${index}: ${problem}`);
    };
    if (score !== undefined && score !== null && !Number.isFinite(score)) {
      fail(`the score is ${score}: expected a number, or null where there was no judgement`);
    }
    for (const [metric, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) fail(`metric ${metric} is ${value}: expected a number`);
    }
    if (!tokenRewards) continue;
    if (tokenRewards.length !== ids.length) {
      fail(`${ids.length} ids but ${tokenRewards.length} tokenRewards: expected one for each`);
    }
    tokenRewards.forEach((reward, token) => {
      if (!Number.isFinite(reward)) fail(`the reward at token ${token} is ${reward}: expected a number`);
      if (reward !== 0 && (!lossMask[token] || token === 0)) {
        fail(
          `a reward of ${reward} at token ${token}, which the policy did not write: give it to the last token before ` +
            "that the policy wrote",
        );
      }
    });
  }
}
