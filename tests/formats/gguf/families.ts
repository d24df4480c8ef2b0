/** Small models of all families, with what is particular to each. */
import type { ModelConfig } from "../../../lib/models/mod.ts";
import type { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { smallConfig } from "./random_source.ts";
import { llama3Tokenizer, qwenTokenizer, sentencePieceTokenizer, smolTokenizer } from "./tokenizers.ts";

/** A model and the tokenizer that goes with it. */
export interface Case {
  title: string;
  family: ModelConfig["family"];
  tokenizer: () => Tokenizer | Promise<Tokenizer>;
  own: Partial<ModelConfig>;
}

/** All of them. */
export const CASES: readonly Case[] = [
  { title: "qwen2, head of its own", family: "qwen2", tokenizer: qwenTokenizer, own: { ropeTheta: 1e6 } },
  {
    title: "qwen2, tied, positions scaled linearly",
    family: "qwen2",
    tokenizer: qwenTokenizer,
    own: { tieWordEmbeddings: true, ropeScaling: { type: "linear", factor: 2.5 } },
  },
  {
    title: "qwen3, heads larger than the hidden size's share",
    family: "qwen3",
    tokenizer: qwenTokenizer,
    own: { tieWordEmbeddings: true, headDim: 32, ropeTheta: 1e6 },
  },
  {
    title: "llama, frequencies scaled as Llama 3's",
    family: "llama",
    tokenizer: llama3Tokenizer,
    own: {
      rmsNormEps: 1e-5,
      ropeTheta: 500000,
      ropeScaling: {
        type: "llama3",
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalMaxPositions: 64,
      },
    },
  },
  {
    title: "llama, biases everywhere",
    family: "llama",
    tokenizer: smolTokenizer,
    own: { attentionBias: true, mlpBias: true, tieWordEmbeddings: true },
  },
  {
    title: "llama, each head its own keys, SentencePiece",
    family: "llama",
    tokenizer: sentencePieceTokenizer,
    own: { kvHeads: 4, headDim: 32 },
  },
];

/** Its configuration. */
export function configOf({ family, own }: Case, tokenizer: Tokenizer): ModelConfig {
  return smallConfig(family, tokenizer, own);
}
