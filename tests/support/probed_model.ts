/** The model and batch whose memory is measured: large enough that what else a process needs does not matter. */
import type { ModelConfig } from "../../lib/models/mod.ts";

const config: ModelConfig = {
  family: "qwen2",
  vocabSize: 512,
  hiddenSize: 128,
  intermediateSize: 384,
  layers: 4,
  heads: 4,
  kvHeads: 2,
  headDim: 32,
  rmsNormEps: 1e-6,
  ropeTheta: 1e4,
  maxPositions: 512,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [],
};

export const PROBED = { config, batch: 32, tokens: 128 };
