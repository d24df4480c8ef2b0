import type { JudgeFailure, PairJudge, PairJudgement, PairToJudge } from "./judge.ts";
import { CostCounter } from "./judge_cost.ts";

/**
 * A judge of pairs by a rule: the answer with the higher number is preferred. For work without a model, such as
 * `adviceIsSpecific` and `adviceIsSafe` counted together. A number that is not finite is a failure (`malformed`).
 *
 * @param options.name For messages, logs and tables.
 * @param options.score How good an answer to a prompt is.
 * @param options.margin A difference up to this is a tie. Default 0.
 * @throws {RangeError} For a margin below 0.
 */
export function scorePairJudge(
  { name, score, margin = 0 }: { name: string; score: (prompt: string, answer: string) => number; margin?: number },
): PairJudge {
  if (!(margin >= 0)) throw new RangeError(`margin: expected a number, 0 or more, got ${margin}`);
  const counter = new CostCounter();
  const preferred = ({ prompt, first, second }: PairToJudge): PairJudgement | JudgeFailure => {
    const [one, other] = [score(prompt, first), score(prompt, second)];
    if (!Number.isFinite(one) || !Number.isFinite(other)) {
      counter.addFailure("malformed");
      return { failure: "malformed", message: `${name}: the scores are ${one} and ${other}: expected finite numbers` };
    }
    if (Math.abs(one - other) <= margin) return { preferred: "tie" };
    return { preferred: one > other ? "first" : "second" };
  };
  return {
    name,
    get cost() {
      return counter.snapshot();
    },
    judgePairs(items, { signal } = {}) {
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve(items.map(preferred));
    },
  };
}
