/** Turns of episodes written by endpoints. */
import { Random } from "../../random/mod.ts";
import { EndpointPolicy, type EndpointPolicyOptions } from "./endpoint_policy.ts";
import { requestSeed } from "./endpoint_sampler.ts";
import type { TurnSource } from "./turn_source.ts";

/** Turns over endpoints; dispose of them when done: they take their adapters out of the endpoints again. */
export interface EndpointTurns extends TurnSource {
  dispose(): Promise<void>;
}

/**
 * Has endpoints write the turns of `playEpisodes` (its option `turns`), and so the episodes of PPO: adapters, seeds and what becomes of
 * endpoints that fail are as in `endpointSampler`. Episodes are the same whichever endpoints wrote them; they are others than the
 * local model's, whose seeds are texts.
 *
 * @example
 * ```ts
 * const turns = endpointTurns({ pool, model, adapter, baseModel: "Qwen/Qwen2.5-7B-Instruct", adapterFolder: "/shared/adapters" });
 * const rollout = r3Episodes({ model, tokenizer, adapter, turns, questions, questionsPerRound: 64, retriever, stepJudge, answerJudge });
 * ```
 */
export function endpointTurns(options: EndpointPolicyOptions): EndpointTurns {
  const policy = new EndpointPolicy(options);
  let round = 0;
  return {
    begin: () => policy.begin(round++),
    async write(requests, { maxTokens, stopStrings, stopTokenIds, onTurn, signal, ...drawing }) {
      const own = new AbortController();
      const either = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
      const turns = requests.map(async ({ prompt, seed }) => {
        const asked = { prompt, count: 1, seed: requestSeed(new Random(seed)), maxTokens, stopStrings, stopTokenIds };
        const [turn] = await policy.write({ ...asked, drawing }, either);
        onTurn?.(turn.tokenIds.length);
        return turn;
      });
      try {
        return await Promise.all(turns);
      } catch (error) {
        own.abort(error);
        await Promise.allSettled(turns);
        throw error;
      }
    },
    dispose: () => policy.dispose(),
  };
}
