/**
 * A model that searches while it thinks, and vets what it finds: rows to learn it from, how it answers, and how well.
 *
 * @module
 */
export { type AnswerOptions, type AnswerProgress, answerQuestions } from "./answer_questions.ts";
export { checkSample, type FoundProblem, SAMPLE_PROBLEMS, type SampleProblem } from "./check_sample.ts";
export { type AnswerEnding, Dialogue, type ForcedBy, type RetrieverAnswer } from "./dialogue.ts";
export {
  type EndpointSampleOptions,
  type EndpointSamples,
  endpointSamples,
  type SampleFailure,
} from "./endpoint_samples.ts";
export { promptTokens, retrieverExample } from "./examples.ts";
export { mendOutcome } from "./mend_outcome.ts";
export {
  type PageCollection,
  pageCollection,
  type PageCollectionOptions,
  type PageQuestion,
  pagesByUrl,
  saysHop,
  type WebPage,
  whyNoise,
} from "./page_collection.ts";
export { ingestPages, type PageTableOptions, pageTableRetriever } from "./page_table.ts";
export { type FailedPages, foundText, isFailedSearch, type PageRequest, type PageRetriever } from "./pages.ts";
export { type ReadTurn, readTurn, type Repair, REPAIRS, type TurnMove, type UnfinishedBy } from "./read_turn.ts";
export { foundIn, type RetrieverSample, retrieverSample, type SamplePart, turnText } from "./samples.ts";
export { readSamples, type SampleCard, type SampleStatistics, sampleStatistics, writeSamples } from "./sample_files.ts";
export {
  type AnswerEvaluation,
  type AnswerMeans,
  type AnswerMetrics,
  type MeasuredAnswer,
  scoreAnswers,
} from "./score.ts";
export { resolveSearchLimits, type SearchLimits } from "./search_limits.ts";
export { type AnswerEvent, streamAnswer } from "./stream_answer.ts";
export { withoutTagTokens, withTagTokens } from "./new_tags.ts";
export { encodeTagged, missingTags, TAG_TOKENS } from "./tags.ts";
export { type WorldSampleOptions, type WorldSamples, worldSamples } from "./world_samples.ts";
