import { exactMatch } from "../../data/mod.ts";
import type { AnswerJudge } from "./judge.ts";
import { CostCounter } from "./judge_cost.ts";

/**
 * Judges answers by HotpotQA's exact match: the same words after lower case, without punctuation and articles. It cannot see that
 * other words mean the same ("USA" and "United States", "3" and "three", "5 km" and "5 kilometres"), nor that a sentence holds the
 * right answer; where answers are longer than a name or a number, let a model judge. It never fails.
 */
export function lexicalAnswerJudge(): AnswerJudge {
  const counter = new CostCounter();
  return {
    name: "exact match",
    get cost() {
      return counter.snapshot();
    },
    judgeAnswers(items, { signal } = {}) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      return Promise.resolve(
        items.map(({ answer, reference }) => ({ isRight: exactMatch(answer, reference) === 1 })),
      );
    },
  };
}
