/**
 * How good a search and its answers are, on labelled questions.
 *
 * Exact match and F1 of answers are those of SQuAD and HotpotQA, from `lib/data`.
 *
 * @module
 */
export { answerF1, exactMatch, normalizeAnswer } from "../../data/mod.ts";
export { containsAnswer, withoutCitations } from "./answer_text.ts";
export { calibrateFloors, type Calibration, type CalibrationOptions } from "./calibrate_floors.ts";
export { type CitationScores, citationScores, type CitedArticle } from "./citation_scores.ts";
export {
  type AnswerEvaluation,
  type AnswerEvaluationOptions,
  type AnswerRow,
  evaluateAnswers,
} from "./evaluate_answers.ts";
export {
  evaluateRetrieval,
  type RetrievalEvaluation,
  type RetrievalEvaluationOptions,
  type RetrievalQuestion,
  type RetrievalRow,
} from "./evaluate_retrieval.ts";
export { fitFloors, type FloorRow } from "./fit_floors.ts";
export {
  type LabelledQuestion,
  labelledQuestion,
  QUESTION_KINDS,
  type QuestionKind,
  readLabelledQuestions,
} from "./labelled_questions.ts";
export { type MeanInterval, meanInterval, type MeanIntervalOptions } from "./mean_interval.ts";
export { ndcgAtK, precisionAtK, recallAtK, reciprocalRank } from "./ranking_metrics.ts";
