/** The sizes of well-known models, for estimates without their files: Qwen2.5's, as their config.json has them. */
import type { ModelConfig } from "../models/mod.ts";

function qwen25(
  [hiddenSize, intermediateSize, layers, heads, kvHeads]: readonly [number, number, number, number, number],
  { vocabSize = 151_936, tieWordEmbeddings = true } = {},
): ModelConfig {
  return {
    family: "qwen2",
    vocabSize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    kvHeads,
    headDim: hiddenSize / heads,
    rmsNormEps: 1e-6,
    ropeTheta: 1e6,
    maxPositions: 32_768,
    tieWordEmbeddings,
    attentionBias: true,
    eosTokenIds: [151_643],
  };
}

const UNTIED = { vocabSize: 152_064, tieWordEmbeddings: false };

/** Configurations by the models' names on the hub. */
export const PUBLISHED_MODELS: Readonly<Record<string, ModelConfig>> = {
  "Qwen/Qwen2.5-0.5B": qwen25([896, 4864, 24, 14, 2]),
  "Qwen/Qwen2.5-1.5B": qwen25([1536, 8960, 28, 12, 2]),
  "Qwen/Qwen2.5-3B": qwen25([2048, 11_008, 36, 16, 2]),
  "Qwen/Qwen2.5-7B": qwen25([3584, 18_944, 28, 28, 4], UNTIED),
  "Qwen/Qwen2.5-14B": qwen25([5120, 13_824, 48, 40, 8], UNTIED),
  "Qwen/Qwen2.5-32B": qwen25([5120, 27_648, 64, 40, 8], UNTIED),
};
