/** Models that read a query and a passage together, to put the best passages first. */
export * from "./reranker.ts";
export { CROSS_ENCODERS, type CrossEncoderEntry, type CrossEncoderOptions, openCrossEncoder } from "./cross_encoder.ts";
export { logProbReranker, type LogProbRerankerOptions } from "./log_prob_reranker.ts";
export {
  ANSWERABLE,
  type QueryLikelihood,
  QUESTION_LIKELIHOOD,
  type RelevancePrompt,
  YES_OR_NO,
  type YesAgainstNo,
} from "./relevance_prompt.ts";
