import type { ModelConfig } from "../../lib/models/mod.ts";

/** The configuration of a model with about so many weights, nearly all of them in its token table. */
export function configOfSize(weights: number, maxPositions = 4096): ModelConfig {
  const sizes = { hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 1, kvHeads: 1, headDim: 8 };
  return {
    family: "llama",
    vocabSize: weights / 8,
    ...sizes,
    rmsNormEps: 1e-6,
    ropeTheta: 1e4,
    maxPositions,
    tieWordEmbeddings: true,
    attentionBias: false,
    eosTokenIds: [],
  };
}
