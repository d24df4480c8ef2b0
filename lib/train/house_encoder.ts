/** The house encoder: the recipe that makes it, from tokenizer to trained weights. */
import { BertNormalizer, BertPreTokenizer } from "@huggingface/tokenizers";
import { PAIR_SOURCES, pairBatchAt, type PairSource } from "../data/retrieval_pairs/mod.ts";
import type { Engine } from "../engine/mod.ts";
import { createEncoder, type EncoderConfig, type SentenceEncoder } from "../models/encoder/mod.ts";
import { Random } from "../random/mod.ts";
import { Tokenizer, type TokenizerFiles, tokenizerFiles, trainBpe } from "../tokenizer/mod.ts";
import { contrastive } from "./contrastive.ts";
import { denseRanker, pairRecall, type Ranker } from "./retrieval_recall.ts";
import type { Metrics, TrainingStep } from "./step.ts";

/** Everything that decides what comes out. */
export interface EncoderRecipe {
  config: EncoderConfig;
  /** Tokens that are read of a text in use; training texts are shorter. */
  maxTokens: number;
  /** Pairs of each sort that the tokenizer is trained on. */
  tokenizerPairs: number;
  steps: number;
  /** Pairs of a step. */
  batchSize: number;
  /** Tokens that are read of a training text. */
  maxLength: number;
  learningRate: number;
  warmupSteps: number;
  weightDecay: number;
  temperature: number;
  symmetric: boolean;
  seed: number;
}

/** The recipe of the shipped weights. */
export const ENCODER_RECIPE: EncoderRecipe = {
  config: {
    vocabSize: 4352,
    // Wide and shallow: at the same size it learns to match names faster than 3 layers of 160, and takes half the time.
    hiddenSize: 256,
    intermediateSize: 512,
    layers: 1,
    heads: 4,
    maxPositions: 256,
    tokenTypes: 2,
    layerNormEps: 1e-12,
    padTokenId: 0,
  },
  maxTokens: 256,
  tokenizerPairs: 3000,
  steps: 1300,
  batchSize: 64,
  maxLength: 128,
  learningRate: 1.5e-3,
  warmupSteps: 0.05,
  weightDecay: 0.01,
  temperature: 0.05,
  symmetric: false,
  seed: 1,
};

/** How texts are written before they are cut into tokens: without capitals and accents. */
const NORMALIZER = {
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: true,
  lowercase: true,
} as const;

/**
 * Trains the encoder's tokenizer on the texts of training pairs: byte pairs within words, which begin with a space wherever they
 * stand, so that a name has the same tokens behind a bracket and at the beginning of a question.
 */
export async function trainEncoderTokenizer(
  recipe: EncoderRecipe,
  sources: readonly PairSource[] = PAIR_SOURCES,
): Promise<TokenizerFiles> {
  const [normalizer, splitter] = [new BertNormalizer(NORMALIZER), new BertPreTokenizer()];
  const texts = function* () {
    for (const source of sources) {
      for (let index = 0; index < recipe.tokenizerPairs; index++) {
        const { query, passage } = source.pairAt(index, { seed: recipe.seed });
        const words = splitter.pre_tokenize_text(normalizer.normalize(`${query} ${passage}`), {});
        yield words.map((word) => ` ${word}`).join("");
      }
    }
  };
  const addedTokens = [{ content: "[PAD]" }, { content: "[CLS]" }];
  const { vocabSize } = recipe.config;
  const trained = await trainBpe({ texts: texts(), vocabSize, addedTokens, splitPattern: " [^ ]+" });
  const options = { eosToken: "[CLS]", padToken: "[PAD]", chatTemplate: null, modelMaxLength: recipe.maxTokens };
  const files = new Map(tokenizerFiles(trained, options));
  const change = (name: "tokenizer.json" | "tokenizer_config.json" | "special_tokens_map.json", changes: object) => {
    const json = { ...JSON.parse(new TextDecoder().decode(files.get(name))), ...changes };
    files.set(name, new TextEncoder().encode(JSON.stringify(json, null, 2) + "\n"));
  };
  const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: false };
  const piece = (kind: "A" | "B", type_id: number) => ({ Sequence: { id: kind, type_id } });
  const first = { SpecialToken: { id: "[CLS]", type_id: 0 } };
  change("tokenizer.json", {
    normalizer: NORMALIZER,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "BertPreTokenizer" }, byteLevel] },
    post_processor: {
      type: "TemplateProcessing",
      single: [first, piece("A", 0)],
      pair: [first, piece("A", 0), piece("B", 0)],
      special_tokens: { "[CLS]": { id: "[CLS]", ids: [1], tokens: ["[CLS]"] } },
    },
  });
  const names = { cls_token: "[CLS]", eos_token: undefined, pad_token: "[PAD]" };
  change("tokenizer_config.json", { ...names, add_prefix_space: undefined, model_input_names: INPUT_NAMES });
  change("special_tokens_map.json", names);
  return files;
}

/** What BertModel is fed with. */
const INPUT_NAMES = ["input_ids", "token_type_ids", "attention_mask"];

/** A new house encoder and the run that trains it. */
export async function trainHouseEncoder(
  recipe: EncoderRecipe,
  { engine, tokenizer, sources = PAIR_SOURCES, evalSteps, signal }: {
    engine: Engine;
    tokenizer: Tokenizer;
    /** What pairs are drawn from. Default `PAIR_SOURCES`. */
    sources?: readonly PairSource[];
    /** Steps between measurements of held-out recall, as `eval_recall@1`. Default: only at the end. */
    evalSteps?: number;
    signal?: AbortSignal;
  },
): Promise<{ encoder: SentenceEncoder; run: AsyncGenerator<TrainingStep> }> {
  const { seed, batchSize, steps, maxTokens, config, ...training } = recipe;
  const random = new Random(seed).fork("weights");
  const encoder = await createEncoder(config, { engine, random, tokenizer, settings: { maxTokens } });
  const run = contrastive({
    ...training,
    encoder,
    pairsAt: (step) => pairBatchAt(step, { sources, size: batchSize, seed }),
    maxSteps: steps,
    adamBeta2: 0.98,
    evaluate: () => heldOutRecall(denseRanker(encoder), { pool: 200, sources }),
    evalSteps,
    signal,
  });
  return { encoder, run };
}

/** What held-out recall is measured on. */
export interface HeldOutOptions {
  /** Pairs of each sort. Default 1000. */
  pool?: number;
  /** The sorts. Default `PAIR_SOURCES`. */
  sources?: readonly PairSource[];
}

/** Recall among held-out passages of one sort of pairs after the other, `pool` of each; the mean over the sorts. */
export async function heldOutRecall(rank: Ranker, options: HeldOutOptions = {}): Promise<Metrics> {
  const each = Object.values(await heldOutRecallByKind(rank, options));
  const mean = (name: string) => each.reduce((sum, metrics) => sum + metrics[name], 0) / each.length;
  return Object.fromEntries(Object.keys(each[0]).map((name) => [name, mean(name)]));
}

/** The same for each sort by its name. */
export async function heldOutRecallByKind(
  rank: Ranker,
  { pool = 1000, sources = PAIR_SOURCES }: HeldOutOptions = {},
): Promise<Record<string, Metrics>> {
  const results: Record<string, Metrics> = {};
  for (const { kind, pairAt } of sources) {
    const pairs = Array.from({ length: pool }, (_, index) => pairAt(index, { seed: "held out", split: "test" }));
    results[kind] = await pairRecall(rank, pairs);
  }
  return results;
}
