/** How good answers are on labelled questions. */
import { answerF1, exactMatch } from "../../data/mod.ts";
import type { CheckedAnswer } from "../answer/mod.ts";
import type { Chunk } from "../chunk/mod.ts";
import { containsAnswer, withoutCitations } from "./answer_text.ts";
import { articleName } from "./article_name.ts";
import { citationScores } from "./citation_scores.ts";
import type { LabelledQuestion } from "./labelled_questions.ts";
import type { MeanInterval, MeanIntervalOptions } from "./mean_interval.ts";
import { questionMeans } from "./question_means.ts";

/** What to evaluate. */
export interface AnswerEvaluationOptions extends MeanIntervalOptions {
  questions: readonly LabelledQuestion[];
  /** Searches and answers, as `answerFrom` does. The id is for what is held out by question. */
  answer: (
    question: string,
    id: string,
  ) => Promise<Pick<CheckedAnswer, "text" | "citations" | "isRefusal" | "problems">>;
  /** The article of a passage, as questions name it. Default: the source's file name without its extension. */
  articleOf?: (chunk: Chunk) => string;
  signal?: AbortSignal;
  /** Called after each question. */
  onProgress?: (done: number, total: number) => void;
}

/** An answer with its label and scores. */
export interface AnswerRow {
  id: string;
  kind: string;
  question: string;
  /** The right answer; empty where the articles do not answer. */
  expected: string;
  /** With its citations. */
  answer: string;
  isRefusal: boolean;
  /** What `checkAnswer` found. */
  problems: string[];
  /**
   * From 0 to 1. Where the articles answer: `exactMatch` and `f1` (SQuAD's and HotpotQA's, of the answer without
   * citations), `contains`, `answered`, `citedRight` (it is answered, and a citation leads to an article that
   * supports it), `citationRecall`, and `citationPrecision` where something is cited. Where they do not: `refused`.
   * Of every answer that is no refusal, to either sort of question, `supported`: the share of its citations that are
   * right, which is 0 where it cites nothing and where nothing could be cited.
   */
  metrics: Record<string, number>;
}

/** What came out. */
export interface AnswerEvaluation {
  /** In the order of the questions. */
  rows: AnswerRow[];
  /** Each over the questions that have the metric. */
  means: Record<string, MeanInterval>;
  byKind: Record<string, Record<string, MeanInterval>>;
}

/**
 * Answers each question and scores the answers and their citations.
 *
 * @throws When there is no question, or answering fails.
 */
export async function evaluateAnswers(options: AnswerEvaluationOptions): Promise<AnswerEvaluation> {
  const { questions, answer, articleOf = articleName, signal, onProgress, ...interval } = options;
  if (questions.length === 0) throw new Error("evaluateAnswers: there are no questions");
  const rows: AnswerRow[] = [];
  for (const labelled of questions) {
    signal?.throwIfAborted();
    const given = await answer(labelled.question, labelled.id);
    const { id, kind, question, answer: expected } = labelled;
    rows.push({
      id,
      kind,
      question,
      expected,
      answer: given.text,
      isRefusal: given.isRefusal,
      problems: given.problems.map(({ message }) => message),
      metrics: metricsOf(labelled, given, articleOf),
    });
    onProgress?.(rows.length, questions.length);
  }
  return { rows, ...questionMeans(rows, interval) };
}

function metricsOf(
  { answer, articles }: LabelledQuestion,
  { text, citations, isRefusal }: Pick<CheckedAnswer, "text" | "citations" | "isRefusal">,
  articleOf: (chunk: Chunk) => string,
): Record<string, number> {
  if (articles.length === 0) return isRefusal ? { refused: 1 } : { refused: 0, supported: 0 };
  const plain = withoutCitations(text);
  const cited = citations.map(({ chunk, found }) => ({ article: chunk === null ? null : articleOf(chunk), found }));
  const { precision, recall } = citationScores(cited, articles);
  return {
    exactMatch: exactMatch(plain, answer),
    f1: answerF1(plain, answer),
    contains: containsAnswer(plain, answer) ? 1 : 0,
    answered: isRefusal ? 0 : 1,
    citedRight: !isRefusal && recall > 0 ? 1 : 0,
    ...(precision === null ? {} : { citationPrecision: precision }),
    citationRecall: recall,
    ...(isRefusal ? {} : { supported: precision ?? 0 }),
  };
}
