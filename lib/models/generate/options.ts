/** What `generate` takes and gives. */
import type { RandomSeed } from "../../random/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { AdapterWeights } from "../adapter_weights.ts";
import type { ModelConfig } from "../config.ts";
import type { Decoder } from "./decoder.ts";
import type { PrefixCache } from "./prefix_cache.ts";
import type { TokenLogProb } from "./draws.ts";
import { checkSamplingOptions, type LogitsProcessor, type SamplingOptions } from "./sample.ts";

/** Options of `generate`. */
export interface GenerateOptions extends Partial<SamplingOptions> {
  /** Token ids of each prompt, already rendered by the chat template where there is one. */
  prompts: readonly (readonly number[])[];
  /** Completions of each prompt. Default 1. */
  samples?: number;
  /** Default 256. */
  maxNewTokens?: number;
  /** Tokens that end a completion. Default: the model's end-of-text tokens. */
  stopTokenIds?: readonly number[];
  /** Texts that end a completion; they need a tokenizer. Default: none. */
  stopStrings?: readonly string[];
  /** With it, completions have a text. */
  tokenizer?: Tokenizer;
  /** Leave special tokens out of the text. Default true. */
  skipSpecialTokens?: boolean;
  /** A completion depends on this, its prompt's index and its own, not on what else is in the batch. Default 42. */
  seed?: RandomSeed;
  /**
   * One for each prompt, in place of `seed`: a completion then depends on its prompt's seed and its own index, and not on
   * the prompt's place in the list.
   */
  seeds?: readonly RandomSeed[];
  /** The adapter to apply. Default: none. */
  adapter?: AdapterWeights | null;
  /** Programs compiled before. Default: compiled for this call; float32 weights are then inputs. */
  decoder?: Decoder;
  /**
   * What earlier calls have read and written: prompts are read from where they differ from it, and completions are added.
   * What comes out is the same. Default: none.
   */
  prefixCache?: PrefixCache;
  /** Completions that are generated at the same time. Default 64. */
  maxBatchRows?: number;
  /** Changes the logits before each draw, for constrained decoding. */
  logitsProcessor?: LogitsProcessor;
  /** Likeliest tokens to be reported with each token that is drawn. Default 0. */
  topLogProbs?: number;
  /** Ends the generation: completions come back as they are, with the reason `"aborted"`. */
  signal?: AbortSignal;
  /** Called with each token. */
  onToken?: (token: TokenEvent) => void;
  /** Called when completions finish, and once at the beginning. */
  onProgress?: (progress: GenerationProgress) => void;
}

/** Why a completion ended. */
export type FinishReason = "stop" | "length" | "stopString" | "aborted";

/** One completion of one prompt. */
export interface Completion {
  promptIndex: number;
  sampleIndex: number;
  /** Its tokens, a stop token included. */
  tokenIds: number[];
  /**
   * Each token's log-probability under the model at the temperature (1 when greedy), before any truncation or penalty: a
   * trainer's old log-probabilities.
   */
  logProbs: Float32Array;
  /** Its text up to a stop string, where a tokenizer was given. */
  text?: string;
  finishReason: FinishReason;
}

/** A token that was just drawn. */
export interface TokenEvent {
  kind: "token";
  promptIndex: number;
  sampleIndex: number;
  tokenId: number;
  logProb: number;
  /** The text that is certain with this token; empty without a tokenizer. */
  textDelta: string;
  /** The likeliest tokens in its place, likeliest first, where `topLogProbs` asks for some. */
  topLogProbs?: readonly TokenLogProb[];
}

/** A completion that just ended. */
export interface CompletionEvent {
  kind: "completion";
  completion: Completion;
}

/** What `streamGenerate` yields. */
export type GenerationEvent = TokenEvent | CompletionEvent;

/** How far a generation is. */
export interface GenerationProgress {
  /** Completions that ended. */
  finished: number;
  /** Completions in all. */
  total: number;
  /** Tokens drawn so far. */
  tokens: number;
}

/** The options that decide what comes out, with their defaults filled in. */
export interface GenerationSettings {
  prompts: readonly (readonly number[])[];
  samples: number;
  maxNewTokens: number;
  sampling: SamplingOptions;
  stopTokenIds: ReadonlySet<number>;
  stopStrings: readonly string[];
  tokenizer: Tokenizer | null;
  skipSpecialTokens: boolean;
  seed: RandomSeed;
  seeds: readonly RandomSeed[] | null;
  maxBatchRows: number;
  logitsProcessor: LogitsProcessor | null;
  topLogProbs: number;
}

/** Checks options against a model and fills in the defaults. Throws, naming the option and the prompt. */
export function resolveSettings(config: ModelConfig, options: GenerateOptions): GenerationSettings {
  const settings: GenerationSettings = {
    prompts: options.prompts,
    samples: options.samples ?? 1,
    maxNewTokens: options.maxNewTokens ?? 256,
    sampling: {
      temperature: options.temperature ?? 1,
      topK: options.topK ?? 0,
      topP: options.topP ?? 1,
      minP: options.minP ?? 0,
      repetitionPenalty: options.repetitionPenalty ?? 1,
    },
    stopTokenIds: new Set(options.stopTokenIds ?? config.eosTokenIds),
    stopStrings: options.stopStrings ?? [],
    tokenizer: options.tokenizer ?? null,
    skipSpecialTokens: options.skipSpecialTokens ?? true,
    seed: options.seed ?? 42,
    seeds: options.seeds ?? null,
    maxBatchRows: options.maxBatchRows ?? 64,
    logitsProcessor: options.logitsProcessor ?? null,
    topLogProbs: options.topLogProbs ?? 0,
  };
  checkSamplingOptions(settings.sampling);
  for (const name of ["samples", "maxNewTokens", "maxBatchRows"] as const) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: expected a positive integer, got ${value}`);
  }
  const { topLogProbs } = settings;
  if (!Number.isInteger(topLogProbs) || topLogProbs < 0) {
    throw new Error(`topLogProbs: expected a whole number, 0 for none, got ${topLogProbs}`);
  }
  if (settings.stopStrings.length > 0 && !settings.tokenizer) {
    throw new Error("stopStrings: pass the tokenizer too, to see text");
  }
  if (settings.stopStrings.includes("")) throw new Error("stopStrings: the empty string would stop everything");
  if (settings.seeds && settings.seeds.length !== settings.prompts.length) {
    throw new Error(`seeds: expected one for each of ${settings.prompts.length} prompts, got ${settings.seeds.length}`);
  }
  for (const id of settings.stopTokenIds) checkId(id, config, "stopTokenIds");
  settings.prompts.forEach((prompt, index) => {
    if (prompt.length === 0) throw new Error(`prompts[${index}] is empty: expected at least one token`);
    for (const id of prompt) checkId(id, config, `prompts[${index}]`);
    if (prompt.length + settings.maxNewTokens > config.maxPositions) {
      throw new Error(
        `prompts[${index}]: its ${prompt.length} tokens and maxNewTokens ${settings.maxNewTokens} are more than the ` +
          `${config.maxPositions} positions of the model`,
      );
    }
  });
  return settings;
}

function checkId(id: number, { vocabSize }: ModelConfig, where: string): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return;
  throw new Error(`${where}: token id ${id} is outside the model's vocabulary of ${vocabSize}`);
}
