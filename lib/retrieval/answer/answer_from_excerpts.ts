/** A language model that answers from the sentences that matter, where there are any. */
import { NOT_IN_DOCUMENTS } from "../../data/mod.ts";
import type { SearchResult } from "../search/mod.ts";
import { answerFrom, type AnswerOptions } from "./answer_from.ts";
import type { CheckedAnswer } from "./check_answer.ts";
import { type AnswerFloors, type Confidence, isConfident } from "./confidence.ts";
import { type ExcerptOptions, excerptsOf } from "./excerpts.ts";
import { confidenceIn } from "./extract_answer.ts";
import { rankSentences } from "./rank_sentences.ts";

/** How to choose the sentences, and how to answer from them. */
export interface ExcerptAnswerOptions extends Omit<AnswerOptions, "floor">, ExcerptOptions {
  /** Below them the model is not asked. Default: `DEFAULT_ANSWER_FLOORS`. */
  floors?: AnswerFloors;
}

/**
 * `answerFrom` with the most relevant sentences of the results in place of whole passages. A small model believes
 * what it is shown, so it is shown little, and nothing at all where nothing speaks for an answer.
 *
 * @throws As `answerFrom` and `excerptsFor` do.
 */
export async function answerFromExcerpts(
  question: string,
  results: readonly SearchResult[],
  options: ExcerptAnswerOptions,
): Promise<CheckedAnswer & { reply: string | null; confidence: Confidence | null }> {
  const { floors, ...rest } = options;
  const ranked = await rankSentences(question, results, rest);
  const confidence = confidenceIn(ranked);
  if (confidence === null || !isConfident(confidence, floors)) {
    const evidence = { passages: [], tokens: 0, leftOut: [...results] };
    return {
      text: NOT_IN_DOCUMENTS,
      citations: [],
      isRefusal: true,
      problems: [],
      evidence,
      reply: null,
      confidence,
    };
  }
  return { ...await answerFrom(question, excerptsOf(ranked, rest), rest), confidence };
}
