/** Every differentiable kernel at small sizes, for gradient checks and for each engine. */
import * as k from "../../lib/kernels/mod.ts";
import { type Dimension, type Tensor } from "../../lib/graph/mod.ts";
import { type CaseInput, type GraphCase, indices, normal, uniform, values } from "../support/graph_case.ts";

const sizes = { batch: 2, tokens: 5, cached: 3, rank: 2, rows: 6 };
const [HEADS, KV_HEADS, HEAD_DIM, POSITIONS] = [4, 2, 6, 12];

/** Documents 0 and 1 in the first row, one document and padding in the second. */
export const DOCUMENTS = Int32Array.of(0, 0, 1, 1, 1, 0, 0, 0, -1, -1);

const tables = k.rotaryTables(POSITIONS, { headDim: HEAD_DIM, theta: 10_000 });

function heads(count: number, tokens: Dimension = "tokens"): CaseInput {
  return normal("batch", count, tokens, HEAD_DIM);
}

function rotaryCase(name: string, tokens: Dimension, positions: CaseInput): GraphCase {
  return {
    name,
    inputs: {
      x: heads(3, tokens),
      positions,
      cos: values(tables.cos, [POSITIONS, HEAD_DIM / 2]),
      sin: values(tables.sin, [POSITIONS, HEAD_DIM / 2]),
    },
    differentiate: ["x"],
    sizes,
    build: ({ x, positions, cos, sin }) => k.rotary(x, positions, cos, sin),
  };
}

/** Low-rank corrections and biases come and go; each combination has its own gradients. */
function loraCase(parts: readonly ("bias" | "lora")[]): GraphCase {
  const optional: Record<string, Record<string, CaseInput>> = {
    bias: { bias: normal(7) },
    lora: { a: normal("rank", 4), b: normal(7, "rank"), scaling: uniform(0.5, 2) },
  };
  return {
    name: `loraLinear with ${parts.join(" and ") || "a weight alone"}`,
    inputs: {
      x: normal("batch", "tokens", 4),
      weight: normal(7, 4),
      ...Object.assign({}, ...parts.map((part) => optional[part])),
    },
    sizes,
    build: ({ x, weight, bias, a, b, scaling }: Record<string, Tensor>) =>
      k.loraLinear(x, weight, bias, a && { a, b, scaling }),
  };
}

function cachedAttentionCase(name: string, tokens: Dimension, cached: number): GraphCase {
  return {
    name,
    inputs: {
      q: heads(HEADS, tokens),
      k: heads(KV_HEADS, tokens),
      v: heads(KV_HEADS, tokens),
      keys: normal("batch", KV_HEADS, 1, "cached", HEAD_DIM),
      values: normal("batch", KV_HEADS, 1, "cached", HEAD_DIM),
      lengths: values([cached, tokens === "tokens" ? sizes.tokens : Number(tokens)], [2], "int64"),
      bias: uniform(-2, 0, "batch", 1, 1, tokens, tokens === "tokens" ? "cached + tokens" : `cached + ${tokens}`),
    },
    sizes: { ...sizes, cached },
    build: ({ q, k: newKeys, v, keys, values, lengths, bias }) =>
      k.cachedAttention(q, newKeys, v, { keys, values, lengths }, bias),
  };
}

/** Three queries, their own passages, and a hard negative; the first passage also answers the second query. */
function infoNceCase(name: string, symmetric: boolean): GraphCase {
  const own = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
  const bias = [0, 0, 0, 0, 0, k.MASKED, 0, 0, 0, 0, 0, 0];
  return {
    name,
    inputs: {
      queries: normal(3, 5),
      passages: normal(4, 5),
      own: values(own, [3, 4]),
      bias: values(bias, [3, 4]),
      inverseTemperature: values([1.5], []),
    },
    differentiate: ["queries", "passages"],
    losses: [0],
    build: (inputs) => {
      const { queries, passages, own, bias, inverseTemperature } = inputs;
      const { losses, isFirst } = k.infoNce({ queries, passages, own, bias, inverseTemperature }, { symmetric });
      return [losses, isFirst];
    },
  };
}

/** Kernels with a gradient. */
export const TRAINING_KERNELS: readonly GraphCase[] = [
  {
    name: "embedding",
    inputs: { table: normal(9, 4), ids: indices(9, "batch", "tokens") },
    sizes,
    build: ({ table, ids }) => k.embedding(table, ids),
  },
  {
    name: "embeddingBackward",
    inputs: { table: normal(5, 4), ids: indices(5, "batch", "tokens"), dx: normal("batch", "tokens", 4) },
    sizes,
    build: ({ table, ids, dx }) => k.embeddingBackward(table, ids, dx),
  },
  {
    name: "rmsNorm",
    inputs: { x: normal("batch", "tokens", 8), weight: uniform(0.5, 2, 8) },
    sizes,
    build: ({ x, weight }) => k.rmsNorm(x, weight, 1e-6),
  },
  {
    name: "rmsNorm of each head",
    inputs: { x: heads(3), weight: uniform(0.5, 2, HEAD_DIM) },
    sizes,
    build: ({ x, weight }) => k.rmsNorm(x, weight, 1e-6),
  },
  {
    name: "rmsNorm of rows with an epsilon that matters",
    inputs: { x: uniform(-0.1, 0.1, "rows", 8), weight: normal(8) },
    sizes,
    build: ({ x, weight }) => k.rmsNorm(x, weight, 0.01),
  },
  rotaryCase("rotary", "tokens", indices(POSITIONS, "batch", "tokens")),
  rotaryCase("rotary of one new token", 1, values([11, 4], ["batch", 1], "int64")),
  {
    name: "attention",
    inputs: {
      q: heads(HEADS),
      k: heads(KV_HEADS),
      v: heads(KV_HEADS),
      bias: values(k.causalBias(DOCUMENTS, 2, 5), ["batch", 1, 1, "tokens", "tokens"]),
    },
    differentiate: ["q", "k", "v"],
    sizes,
    build: ({ q, k: keys, v, bias }) => k.attention(q, keys, v, bias),
  },
  {
    name: "splitHeads and mergeHeads",
    inputs: { x: normal("batch", "tokens", 6) },
    sizes,
    build: ({ x }) => {
      const split = k.splitHeads(x, 3, 2);
      return [split, k.mergeHeads(split)];
    },
  },
  {
    name: "layerNorm",
    inputs: { x: normal("batch", "tokens", 8), weight: uniform(0.5, 2, 8), bias: normal(8) },
    sizes,
    build: ({ x, weight, bias }) => k.layerNorm(x, weight, bias, 1e-12),
  },
  {
    name: "layerNorm of rows far from zero, with an epsilon that matters",
    inputs: { x: uniform(3, 3.2, "rows", 8), weight: normal(8), bias: normal(8) },
    sizes,
    build: ({ x, weight, bias }) => k.layerNorm(x, weight, bias, 0.01),
  },
  { name: "gelu", inputs: { x: uniform(-6, 6, "batch", "tokens", 5) }, sizes, build: ({ x }) => k.gelu(x) },
  { name: "unitLength", inputs: { x: normal("rows", 5) }, sizes, build: ({ x }) => k.unitLength(x) },
  infoNceCase("infoNce with a hard negative and a copy", false),
  infoNceCase("infoNce, symmetric", true),
  { name: "silu", inputs: { x: uniform(-6, 6, "batch", "tokens", 5) }, sizes, build: ({ x }) => k.silu(x) },
  {
    name: "swiglu",
    inputs: { gate: uniform(-6, 6, "batch", "tokens", 5), up: normal("batch", "tokens", 5) },
    sizes,
    build: ({ gate, up }) => k.swiglu(gate, up),
  },
  loraCase([]),
  loraCase(["bias"]),
  loraCase(["lora"]),
  loraCase(["bias", "lora"]),
  {
    name: "selectiveLogProb",
    inputs: { hidden: normal("rows", 4), weight: normal(11, 4), target: indices(11, "rows"), inverse: uniform(0.5, 2) },
    differentiate: ["hidden", "weight"],
    losses: [0],
    sizes,
    build: ({ hidden, weight, target, inverse }) => {
      const { logProb, entropy, isGreedy } = k.selectiveLogProb(hidden, weight, target, inverse);
      return [logProb, entropy, isGreedy];
    },
  },
  {
    name: "selectiveLogProb with label smoothing",
    inputs: { hidden: normal("rows", 4), weight: normal(11, 4), target: indices(11, "rows"), inverse: uniform(0.5, 2) },
    differentiate: ["hidden", "weight"],
    losses: [0],
    sizes,
    build: ({ hidden, weight, target, inverse }) => {
      const objective = { labelSmoothingFactor: 0.2 };
      const { score, logProb, isGreedy } = k.selectiveLogProb(hidden, weight, target, inverse, objective);
      return [score, logProb, isGreedy];
    },
  },
];

/** A cache's keys and values, those of new tokens, and what each token may see. */
function attendInPartsCase(name: string, tokens: Dimension, cached: number): GraphCase {
  const part = (length: Dimension) => ({
    keys: normal("batch", KV_HEADS, HEAD_DIM, length),
    values: normal("batch", KV_HEADS, length, HEAD_DIM),
  });
  const [old, own] = [part("cached"), part(tokens)];
  const ownLength = tokens === "tokens" ? sizes.tokens : Number(tokens);
  return {
    name,
    inputs: {
      q: heads(HEADS, tokens),
      keys: old.keys,
      values: old.values,
      bias: uniform(-2, 0, "batch", 1, 1, 1, "cached"),
      ownKeys: own.keys,
      ownValues: own.values,
      ownBias: uniform(-2, 0, tokens, tokens),
      lengths: values([cached, ownLength], [2], "int64"),
    },
    sizes: { ...sizes, cached },
    build: ({ q, keys, values, bias, ownKeys, ownValues, ownBias, lengths }) =>
      k.attendInParts(q, [{ keys, values, bias }, { keys: ownKeys, values: ownValues, bias: ownBias }], lengths),
  };
}

function drawTokensCase(name: string, vocabulary: number, isGreedy: boolean): GraphCase {
  return {
    name,
    inputs: {
      logits: uniform(-4, 4, "rows", vocabulary),
      inverseTemperature: uniform(0.5, 2),
      row: values([5, 0, 0, 3, 2, 1, 4, 0], ["draws"], "int32"),
      uniform: values([0.5, 0.1, 0.93, 0, k.BELOW_ONE, 0.31, 0.64, 0.77], ["draws"]),
    },
    sizes: { ...sizes, draws: 8 },
    build: ({ logits, inverseTemperature, row, uniform }) => {
      const drawn = k.drawTokens({ logits, inverseTemperature, row, uniform: isGreedy ? null : uniform });
      return [drawn.token, drawn.logit, drawn.highest, drawn.total];
    },
  };
}

/** Kernels that only ever run forward. */
export const DECODING_KERNELS: readonly GraphCase[] = [
  cachedAttentionCase("cachedAttention", "tokens", 3),
  cachedAttentionCase("cachedAttention of one new token", 1, 3),
  attendInPartsCase("attendInParts", "tokens", 3),
  attendInPartsCase("attendInParts of one new token", 1, 3),
  drawTokensCase("drawTokens from blocks that fill the vocabulary", 64, false),
  drawTokensCase("drawTokens from a vocabulary that is not a multiple of the block", 83, false),
  drawTokensCase("drawTokens, greedy", 83, true),
  {
    name: "quantizeBlockwise and dequantizeBlockwise, signed",
    inputs: { x: normal(3, k.BLOCK_8BIT) },
    build: ({ x }) => k.dequantizeBlockwise(k.quantizeBlockwise(x, true), true),
  },
  {
    name: "quantizeBlockwise and dequantizeBlockwise, unsigned",
    inputs: { x: uniform(0, 1e-3, 3, k.BLOCK_8BIT) },
    build: ({ x }) => k.dequantizeBlockwise(k.quantizeBlockwise(x, false), false),
  },
];
