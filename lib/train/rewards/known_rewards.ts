/** Reward functions by what they do, so that a run's record can say which of the library's own it used. */

/** What a reward of the library's is, and with what it was made. */
export interface KnownReward {
  /** Such as `gsm8kTagRewards.correctness`. */
  name: string;
  /** Text before each completion that is judged with it. */
  prefill: string;
}

const known = new WeakMap<object, KnownReward>();

/** Remembers the functions of a group under `GROUP.NAME`; returns them. */
export function knownRewards<Functions extends Record<string, object>>(
  group: string,
  prefill: string | undefined,
  functions: Functions,
): Functions {
  for (const [name, reward] of Object.entries(functions)) {
    known.set(reward, { name: `${group}.${name}`, prefill: prefill ?? "" });
  }
  return functions;
}

/** What a function is, where it is one of the library's. */
export function knownReward(reward: object): KnownReward | undefined {
  return known.get(reward);
}

/**
 * Reward functions as a run's record has them: of the library's own their names, of others their source as JavaScript, for
 * whoever writes them anew elsewhere.
 */
export function describeRewards(
  rewards: Readonly<Record<string, object>>,
  weights: Readonly<Record<string, number | undefined>> = {},
): Record<string, { weight: number; known: KnownReward | null; source: string | null }> {
  return Object.fromEntries(
    Object.entries(rewards).map(([name, reward]) => {
      const own = known.get(reward) ?? null;
      return [name, { weight: weights[name] ?? 1, known: own, source: own ? null : String(reward).slice(0, 4000) }];
    }),
  );
}
