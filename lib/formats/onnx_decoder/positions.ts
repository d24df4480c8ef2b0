/**
 * Rotary positions without a table of all positions, which takes 67 MB for a Llama 3. A position is 256 hi + lo, and both
 * angles add up:
 *
 *   cos(a + b) = cos a cos b - sin a sin b,   sin(a + b) = sin a cos b + cos a sin b
 *
 * so that two tables of a few hundred rows give every position, as exactly as float32 goes. An angle computed in the graph
 * would not: position times frequency rounded to float32 is off by 0.004 at position 65,536.
 */
import {
  add,
  cast,
  concat,
  gatherRows,
  type Graph,
  mul,
  reshape,
  scale,
  split,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { rotaryFrequencies } from "../../kernels/mod.ts";
import type { ModelConfig } from "../../models/mod.ts";

/** Positions between two rows of the coarse table. A power of 2, so that float32 divides by it exactly. */
const STRIDE = 256;

/**
 * What turns queries or keys [batch, heads, tokens, headDim] by their positions.
 *
 * @param positions int64 [batch, tokens], below `config.maxPositions`
 */
export function rotator(graph: Graph, config: ModelConfig, positions: Tensor): (x: Tensor) => Tensor {
  const { headDim, ropeTheta, ropeScaling, maxPositions } = config;
  const frequencies = rotaryFrequencies({ headDim, theta: ropeTheta, scaling: ropeScaling });
  const half = headDim / 2;
  const table = (rows: number, stride: number, wave: (angle: number) => number) => {
    const values = Float32Array.from(
      { length: rows * half },
      (_, i) => wave(Math.floor(i / half) * stride * frequencies[i % half]),
    );
    return graph.constant(values, [rows, half]);
  };
  // A cast to integers drops the fraction; positions are exact in float32 below 2^24, the most that a model may have.
  const exact = cast(positions, "float32");
  const hi = cast(scale(exact, 1 / STRIDE), "int64");
  const lo = cast(sub(exact, scale(cast(hi, "float32"), STRIDE)), "int64");
  const coarse = Math.ceil(maxPositions / STRIDE);
  const [cosHi, sinHi] = [Math.cos, Math.sin].map((wave) => gatherRows(table(coarse, STRIDE, wave), hi));
  const [cosLo, sinLo] = [Math.cos, Math.sin].map((wave) => gatherRows(table(STRIDE, 1, wave), lo));
  const [batch, tokens] = positions.shape;
  const forHeads = (rows: Tensor) => reshape(rows, [batch, 1, tokens, half]);
  const cos = forHeads(sub(mul(cosHi, cosLo), mul(sinHi, sinLo)));
  const sin = forHeads(add(mul(sinHi, cosLo), mul(cosHi, sinLo)));
  return (x) => {
    const [x1, x2] = split(x, -1, [half, half]);
    return concat([sub(mul(x1, cos), mul(x2, sin)), add(mul(x2, cos), mul(x1, sin))], -1);
  };
}
