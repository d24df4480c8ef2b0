/** Generation: programs over a cache, sampling, batches of prompts, streaming. */
export { Decoder, type DecoderOptions } from "./decoder.ts";
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
