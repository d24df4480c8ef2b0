/** Generalized advantage estimation (Schulman et al. 2016, arXiv:1506.02438). */

/** How far advantages look ahead; names and defaults are TRL's. */
export interface GaeOptions {
  /** The discount of later rewards, from 0 to 1; default 1. */
  gamma?: number;
  /**
   * From 0, where one reward and the next value make an advantage, to 1, where all later rewards do and the next value
   * does not matter; default 0.95.
   */
  lam?: number;
}

/** What a policy's actions were worth. */
export interface AdvantageEstimate {
  /** By how much an action did better than the value of its state. */
  advantages: number[];
  /** What the values should have been: advantages + values. */
  returns: number[];
}

/**
 * Advantages of one episode's actions: A[t] = sum over k of (gamma lam)^k d[t + k], where d[t] = reward[t] + gamma
 * value[t + 1] - value[t]. After the last action there is no state, and its value is 0.
 *
 * @param rewards One for each action.
 * @param values Of the state before each action. Actions are a policy's tokens: what an environment answers between two of
 *   them is part of the way from one state to the next, and no step of its own.
 * @throws When there are not as many values as rewards.
 */
export function generalizedAdvantages(
  rewards: readonly number[],
  values: readonly number[],
  { gamma = 1, lam = 0.95 }: GaeOptions = {},
): AdvantageEstimate {
  if (rewards.length !== values.length) {
    throw new Error(`${rewards.length} rewards but ${values.length} values: expected one of each for each action`);
  }
  const advantages = new Array<number>(rewards.length);
  let [advantage, nextValue] = [0, 0];
  for (let t = rewards.length - 1; t >= 0; t--) {
    const surprise = rewards[t] + gamma * nextValue - values[t];
    advantage = surprise + gamma * lam * advantage;
    advantages[t] = advantage;
    nextValue = values[t];
  }
  return { advantages, returns: advantages.map((value, t) => value + values[t]) };
}
