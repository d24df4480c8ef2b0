/** The two sizes at which everything is measured. */
import type { ModelConfig } from "../../lib/models/mod.ts";
import { HOUSE_RECIPE } from "../../lib/train/mod.ts";

/** The house model. Random tokens never end a text here, so that every run does the same work. */
export const HOUSE: ModelConfig = { ...HOUSE_RECIPE.config, eosTokenIds: [] };

/** Qwen2.5-0.5B, but for its positions: the benchmark's texts are short, and so are the rotary tables. */
export const HALF_BILLION: ModelConfig = {
  family: "qwen2",
  vocabSize: 151936,
  hiddenSize: 896,
  intermediateSize: 4864,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
  rmsNormEps: 1e-6,
  ropeTheta: 1e6,
  maxPositions: 2048,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [],
};

/** A batch of training at one size. */
export interface BlockShape {
  label: string;
  config: ModelConfig;
  batch: number;
  tokens: number;
  /** The share of the raw MatMul rate that a block should reach: small matrices leave more to everything else. */
  aim: number;
}

/** The batches that blocks and bare products are measured with. */
export const BLOCK_SHAPES: readonly BlockShape[] = [
  { label: "0.5B", config: HALF_BILLION, batch: 1, tokens: 512, aim: 0.9 },
  { label: "house", config: HOUSE, batch: 16, tokens: 128, aim: 0.6 },
];

/** The same with an eighth of the tokens when quick. */
export function atSpeed(shape: BlockShape, quick: boolean): BlockShape {
  return quick ? { ...shape, tokens: shape.tokens / 8 } : shape;
}

/** A product of [rows, inner] and [inner, columns]. */
export interface ProductShape {
  rows: number;
  inner: number;
  columns: number;
}

/** The largest product of a block: all its tokens through one of the two wide linear layers. */
export function widestProduct({ config, batch, tokens }: BlockShape): ProductShape {
  return { rows: batch * tokens, inner: config.hiddenSize, columns: config.intermediateSize };
}

/** `[512, 896] x [896, 4864]` */
export function showProduct({ rows, inner, columns }: ProductShape): string {
  return `[${rows}, ${inner}] x [${inner}, ${columns}]`;
}

/** `0.5B [1, 512]` */
export function showBlock({ label, batch, tokens }: BlockShape): string {
  return `${label} [${batch}, ${tokens}]`;
}
