/**
 * Answers that rest on numbered passages: what of a search is shown to a model, how it is asked, and what of its answer
 * can be found in the passages.
 *
 * @module
 */
export { answerFrom, type AnswerOptions } from "./answer_from.ts";
export { answerFromExcerpts, type ExcerptAnswerOptions } from "./answer_from_excerpts.ts";
export type { AnswerModel } from "./answer_model.ts";
export { type AnswerProblem, checkAnswer, type CheckedAnswer, type Citation } from "./check_answer.ts";
export { type AnswerFloors, type Confidence, DEFAULT_ANSWER_FLOORS, isConfident } from "./confidence.ts";
export { evidenceFor, type EvidenceOptions } from "./evidence.ts";
export { type ExcerptOptions, excerptsFor } from "./excerpts.ts";
export { extractAnswer, type ExtractedAnswer, type ExtractOptions } from "./extract_answer.ts";
export { type Floor, passesFloor } from "./floor.ts";
export { findQuote, type FoundQuote } from "./find_quote.ts";
export { houseForm } from "./house_form.ts";
export { instructionForm } from "./instruction_form.ts";
export { type LocalAnswerModel, localAnswerModel, type LocalAnswerModelOptions } from "./local_answer_model.ts";
export type { Evidence, EvidencePassage, PromptForm, ReadReply } from "./prompt_form.ts";
export { neutralise } from "./quoted_text.ts";
export { type RankedSentence, rankSentences, type SentenceJudge } from "./rank_sentences.ts";
export { sentenceRerank } from "./sentence_rerank.ts";
