/** A small decoder block made of the kernels, with low-rank factors on two layers: a network for tests of whole graphs. */
import { add, type Dimension, type Tensor } from "../../lib/graph/mod.ts";
import {
  attention,
  causalBias,
  loraLinear,
  mergeHeads,
  rmsNorm,
  rotary,
  rotaryTables,
  splitHeads,
  swiglu,
} from "../../lib/kernels/mod.ts";
import { type GraphCase, normal, uniform, values } from "./graph_case.ts";

const [HIDDEN, INTERMEDIATE, HEADS, KV_HEADS, HEAD_DIM, TOKENS, BATCH] = [8, 12, 4, 2, 4, 6, 2];
const tables = rotaryTables(TOKENS, { headDim: HEAD_DIM, theta: 10_000 });
const documents = Int32Array.of(0, 0, 0, 1, 1, 1, 0, 0, 0, 0, -1, -1);
const positions = [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 0, 0];

const weight = (...shape: Dimension[]) => uniform(-0.5, 0.5, ...shape);

export const DECODER_BLOCK: GraphCase = {
  name: "decoder block",
  sizes: { batch: BATCH, tokens: TOKENS, rank: 2 },
  inputs: {
    x: normal("batch", "tokens", HIDDEN),
    norm1: uniform(0.5, 1.5, HIDDEN),
    q: weight(HEADS * HEAD_DIM, HIDDEN),
    qBias: weight(HEADS * HEAD_DIM),
    qA: weight("rank", HIDDEN),
    qB: weight(HEADS * HEAD_DIM, "rank"),
    k: weight(KV_HEADS * HEAD_DIM, HIDDEN),
    v: weight(KV_HEADS * HEAD_DIM, HIDDEN),
    o: weight(HIDDEN, HEADS * HEAD_DIM),
    norm2: uniform(0.5, 1.5, HIDDEN),
    gate: weight(INTERMEDIATE, HIDDEN),
    up: weight(INTERMEDIATE, HIDDEN),
    down: weight(HIDDEN, INTERMEDIATE),
    downA: weight("rank", INTERMEDIATE),
    downB: weight(HIDDEN, "rank"),
    scaling: uniform(1, 2),
    positions: values(positions, ["batch", "tokens"], "int64"),
    cos: values(tables.cos, [TOKENS, HEAD_DIM / 2]),
    sin: values(tables.sin, [TOKENS, HEAD_DIM / 2]),
    bias: values(causalBias(documents, BATCH, TOKENS), ["batch", 1, 1, "tokens", "tokens"]),
  },
  differentiate: "x norm1 q qBias qA qB k v o norm2 gate up down downA downB scaling".split(" "),
  build: decoderBlock,
};

function decoderBlock(inputs: Record<string, Tensor>): Tensor {
  const { x, positions, cos, sin, bias, scaling } = inputs;
  const normed = rmsNorm(x, inputs.norm1, 1e-6);
  const query = loraLinear(normed, inputs.q, inputs.qBias, { a: inputs.qA, b: inputs.qB, scaling });
  const q = rotary(splitHeads(query, HEADS, HEAD_DIM), positions, cos, sin);
  const k = rotary(splitHeads(loraLinear(normed, inputs.k), KV_HEADS, HEAD_DIM), positions, cos, sin);
  const v = splitHeads(loraLinear(normed, inputs.v), KV_HEADS, HEAD_DIM);
  const attended = add(x, loraLinear(mergeHeads(attention(q, k, v, bias)), inputs.o));
  const normed2 = rmsNorm(attended, inputs.norm2, 1e-6);
  const gated = swiglu(loraLinear(normed2, inputs.gate), loraLinear(normed2, inputs.up));
  const down = loraLinear(gated, inputs.down, undefined, { a: inputs.downA, b: inputs.downB, scaling });
  return add(attended, down);
}
