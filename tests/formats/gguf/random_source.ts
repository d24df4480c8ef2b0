/** Models of random weights, as sources: no engine, no files. */
import type { ModelSource } from "../../../lib/formats/mod.ts";
import { type ModelConfig, weightShapes } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import type { Tokenizer } from "../../../lib/tokenizer/mod.ts";

/** A small model's configuration; the rest is given. */
export function smallConfig(
  family: ModelConfig["family"],
  tokenizer: Tokenizer,
  own: Partial<ModelConfig> = {},
): ModelConfig {
  return {
    family,
    vocabSize: tokenizer.vocabSize + 5,
    hiddenSize: 64,
    intermediateSize: 96,
    layers: 3,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 256,
    tieWordEmbeddings: false,
    attentionBias: family === "qwen2",
    eosTokenIds: tokenizer.eosTokenIds,
    ...own,
  };
}

/**
 * A model of random weights: matrices of a size at which all parts of a block matter, norms about 1, biases about 0.
 *
 * @param round What each number is rounded to; default float32.
 */
export function randomSource(
  config: ModelConfig,
  tokenizer: Tokenizer,
  { name = "random", round = Math.fround }: { name?: string; round?: (number: number) => number } = {},
): ModelSource {
  const shapes = weightShapes(config);
  return {
    name,
    config,
    tokenizer,
    read: (weight) => {
      const shape = shapes[weight];
      const random = new Random(weight);
      const data = new Float32Array(shape.reduce((a, b) => a * b));
      const [mean, deviation] = /norm\.weight$/.test(weight)
        ? [1, 0.2]
        : weight.endsWith(".bias")
        ? [0, 0.3]
        : [0, weight.includes("embed") ? 1 : 1.5 / Math.sqrt(shape[1])];
      for (let i = 0; i < data.length; i++) data[i] = round(mean + deviation * random.normal());
      return Promise.resolve(data);
    },
    close() {},
  };
}

/** A number rounded to bfloat16, to the nearest, ties to even. */
export function toBf16(number: number): number {
  const bits = new Uint32Array(Float32Array.of(number).buffer);
  bits[0] = (bits[0] + 0x7fff + (bits[0] >>> 16 & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0];
}

/** A number rounded to float16. */
export const toF16 = (number: number) => Math.f16round(number);
