/** Answers that are sentences of the documents: no language model, nothing made up. */
import { NOT_IN_DOCUMENTS } from "../../data/mod.ts";
import { coverage, type SearchResult, stemsOf } from "../search/mod.ts";
import { checkAnswer, type CheckedAnswer } from "./check_answer.ts";
import { type AnswerFloors, type Confidence, isConfident } from "./confidence.ts";
import { evidenceFor } from "./evidence.ts";
import { excerptOf } from "./excerpts.ts";
import { neutraliseLine } from "./quoted_text.ts";
import { type RankedSentence, rankSentences, type SentenceJudge } from "./rank_sentences.ts";

/** How to answer. */
export interface ExtractOptions extends SentenceJudge {
  /** Below them nothing is answered. Default: `DEFAULT_ANSWER_FLOORS`. */
  floors?: AnswerFloors;
  /** Documents that an answer may rest on, a sentence of each. Default 2. */
  maxSources?: number;
}

/** An answer with what speaks for it. */
export interface ExtractedAnswer extends CheckedAnswer {
  /** Of the best sentence's passage; null where there is none. Told for refusals too. */
  confidence: Confidence | null;
  /** The sentences, the most relevant first, for showing why. */
  ranked: RankedSentence[];
}

/** How English questions say that they ask for two things. Without it, a second source is a guess. */
const TWO_THINGS = /\b(?:and|or|than|both|between|versus|vs)\b/i;
/** A sentence of another document is cited too when it speaks to this share of the question by itself, */
const LEAST_OWN = 0.25;
/** adds this share to what the answer covers, */
const LEAST_GAIN = 0.1;
/** and the answer then covers this much: where words say little, a gain in them says less. */
const LEAST_TOTAL = 0.6;

/**
 * Answers with the most relevant sentence of the results, quoted to the letter and cited; and, where a question asks
 * for two things ("and", "or", "than") and the passage speaks of one, with a sentence of another document that has words
 * of the question which the first does not. Where the confidence is below the floors the answer is `NOT_IN_DOCUMENTS`.
 *
 * In `text` what could be taken for a citation or a tag is made harmless; the quotes are the document's own words.
 *
 * @param results In the order of the search; 5 to 10 are enough.
 * @throws {RangeError} When an option is out of range.
 * @throws When the embedder fails, or the signal is aborted.
 *
 * @example
 * ```ts
 * const weights = await wordWeights(table);
 * const { text, citations } = await extractAnswer(question, await search(table, question), { embedder, weights });
 * ```
 */
export async function extractAnswer(
  question: string,
  results: readonly SearchResult[],
  options: ExtractOptions,
): Promise<ExtractedAnswer> {
  const { floors, maxSources = 2, ...judge } = options;
  if (!Number.isInteger(maxSources) || maxSources < 1) {
    throw new RangeError(`maxSources: expected a whole number above 0, got ${maxSources}`);
  }
  const ranked = await rankSentences(question, results, judge);
  judge.signal?.throwIfAborted();
  const confidence = confidenceIn(ranked);
  if (confidence === null || !isConfident(confidence, floors)) {
    const refusal = { text: NOT_IN_DOCUMENTS, quotes: [], isRefusal: true };
    return { ...checkAnswer(refusal, { passages: [], tokens: 0, leftOut: [...results] }), confidence, ranked };
  }
  const chosen = chooseSentences(question, ranked, maxSources, judge);
  const excerpts = chosen.map((sentence) => excerptOf([sentence], judge.embedder));
  // Sentences are short; all of them are shown.
  const evidence = evidenceFor(excerpts, { countTokens: () => 1, maxPassages: maxSources });
  const lines = evidence.passages.map(({ number, text }) => ({ number, words: text }));
  const text = lines.map(({ number, words }) => `${neutraliseLine(words)} [${number}]`).join("\n");
  return { ...checkAnswer({ text, quotes: lines, isRefusal: false }, evidence), confidence, ranked };
}

/** What speaks for the passage of the most relevant sentence; null where there are no sentences. */
export function confidenceIn(ranked: readonly RankedSentence[]): Confidence | null {
  if (ranked.length === 0) return null;
  const [{ passageCoverage, result }] = ranked;
  return { coverage: passageCoverage, cosine: result.parts.dense?.score ?? 0 };
}

function chooseSentences(
  question: string,
  ranked: readonly RankedSentence[],
  maxSources: number,
  { weights }: SentenceJudge,
): RankedSentence[] {
  const asked = stemsOf(question);
  const chosen = [ranked[0]];
  let present = wordsOf(ranked[0], ranked[0].result.chunk.text);
  while (chosen.length < maxSources && TWO_THINGS.test(question)) {
    const covered = coverage(asked, present, weights);
    const next = ranked.find((sentence) => {
      if (chosen.some(({ result }) => result.chunk.source === sentence.result.chunk.source)) return false;
      if (sentence.coverage < LEAST_OWN) return false;
      const { chunk } = sentence.result;
      const total = coverage(
        asked,
        present.union(wordsOf(sentence, chunk.text.slice(sentence.start, sentence.end))),
        weights,
      );
      return total >= LEAST_TOTAL && total - covered >= LEAST_GAIN;
    });
    if (next === undefined) break;
    chosen.push(next);
    present = present.union(wordsOf(next, next.result.chunk.text));
  }
  return chosen;
}

function wordsOf({ result: { chunk } }: RankedSentence, text: string): Set<string> {
  return stemsOf([chunk.title, ...chunk.headings, text].join("\n"));
}
