/** The strongest one-shot answer, so that step-by-step retrieval is compared with a fair rival. */
import type { AnswerForm } from "./answer_game.ts";
import { evaluateR3, type EvaluateR3Options } from "./evaluate.ts";
import type { PassageRetriever } from "./passages.ts";

/** A way to answer after one search. */
export interface OneShotChoice {
  form: AnswerForm;
  /** Passages that are shown. */
  passages: number;
}

/** What was tried. */
export interface OneShotTrial extends OneShotChoice {
  exactMatch: number;
  f1: number;
}

/**
 * Tries forms and numbers of passages on questions, which must not be those that are measured afterwards, and names the one with the
 * best exact match, then F1; the first of equals.
 *
 * @param options.candidates Default: each of the forms `r3` and `grounded` with 3 and with 5 passages.
 */
export async function chooseOneShot(
  { candidates = DEFAULT_CANDIDATES, retriever, ...options }: Omit<EvaluateR3Options, "way"> & {
    retriever: PassageRetriever;
    candidates?: readonly OneShotChoice[];
  },
): Promise<{ best: OneShotChoice; trials: OneShotTrial[] }> {
  if (candidates.length === 0) throw new RangeError("candidates: expected at least one");
  const trials: OneShotTrial[] = [];
  for (const { form, passages } of candidates) {
    const { means } = await evaluateR3({ ...options, way: { kind: "oneShot", form, passages, retriever } });
    trials.push({ form, passages, exactMatch: means.exactMatch.mean, f1: means.f1.mean });
  }
  const [{ form, passages }] = trials.toSorted((one, other) => other.exactMatch - one.exactMatch || other.f1 - one.f1);
  return { best: { form, passages }, trials };
}

const DEFAULT_CANDIDATES: readonly OneShotChoice[] = (["r3", "grounded"] as const).flatMap((form) =>
  [3, 5].map((passages) => ({ form, passages }))
);
