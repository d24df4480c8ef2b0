/** Generation: programs over a cache, sampling, batches of prompts, streaming. */
export type { BatchEvent, BatchHandle, BatchRequest, MemberState } from "./batch_member.ts";
export type { BatchCounts } from "./adapter_group.ts";
export {
  BatchFullError,
  type BatchOccupation,
  ContinuousBatch,
  type ContinuousBatchOptions,
} from "./continuous_batch.ts";
export { Decoder, type DecoderOptions } from "./decoder.ts";
export { Decoders, type DecodersOptions } from "./decoders.ts";
export type { TokenLogProb } from "./draws.ts";
export { generate, streamGenerate } from "./generate.ts";
export type {
  Completion,
  CompletionEvent,
  FinishReason,
  GenerateOptions,
  GenerationEvent,
  GenerationProgress,
  TokenEvent,
} from "./options.ts";
export { PrefixCache, type PrefixCacheOptions } from "./prefix_cache.ts";
export { NotFiniteLogitsError } from "./sample.ts";
export type { LogitsContext, LogitsProcessor, SamplingOptions } from "./sample.ts";
