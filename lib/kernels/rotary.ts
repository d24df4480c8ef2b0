/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864), in the layout of Hugging Face's Llama and Qwen models:
 * element i is paired with element i + headDim / 2.
 *
 *   y1 = x1 cos - x2 sin,   y2 = x2 cos + x1 sin,   angles = position * theta^(-2 i / headDim)
 *
 * Backward: a rotation's transpose is the rotation back, so dx is dy turned by the negated angles.
 */
import { defineOperator, ndarray, neg, type Tensor } from "../graph/mod.ts";

const applyRotary = defineOperator<null>({
  name: "rotary",
  cheap: true,
  infer([x, positions, cos]) {
    if (x.shape.length !== 4) throw new Error("expected x as [batch, heads, tokens, headDim]");
    if (positions.dtype !== "int64") throw new Error(`expected int64 positions, got ${positions.dtype}`);
    if (typeof x.shape[3] === "number" && cos.shape[1] !== x.shape[3] / 2) {
      throw new Error(`expected tables of [positions, ${x.shape[3] / 2}]`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ({ inputs: [, positions, cos, sin], outputGradient }) => [
    rotary(outputGradient, positions, cos, neg(sin)),
    null,
    null,
    null,
  ],
  lower({ inputs, outputs, emit }) {
    emit("RotaryEmbedding", inputs, { outputs, attributes: { interleaved: 0 }, domain: "com.microsoft" });
  },
  evaluate([x, positions, cos, sin]) {
    const [batch, heads, tokens, headDim] = x.shape;
    const half = headDim / 2;
    const result = ndarray(x.shape);
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        for (let t = 0; t < tokens; t++) {
          const start = ((b * heads + h) * tokens + t) * headDim;
          const row = positions.data[b * tokens + t] * half;
          for (let i = 0; i < half; i++) {
            const [x1, x2] = [x.data[start + i], x.data[start + half + i]];
            result.data[start + i] = x1 * cos.data[row + i] - x2 * sin.data[row + i];
            result.data[start + half + i] = x2 * cos.data[row + i] + x1 * sin.data[row + i];
          }
        }
      }
    }
    return [result];
  },
});

/**
 * Turns queries or keys by their positions.
 *
 * @param x [batch, heads, tokens, headDim]
 * @param positions int64 [batch, tokens]
 * @param cos, sin Tables [positions, headDim / 2] from `rotaryTables`.
 */
export function rotary(x: Tensor, positions: Tensor, cos: Tensor, sin: Tensor): Tensor {
  return applyRotary([x, positions, cos, sin], null)[0];
}

/** The cosines and sines of every position's angles, each [positions, headDim / 2], computed in float64. */
export function rotaryTables(
  positions: number,
  headDim: number,
  theta: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = headDim / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = theta ** (-2 * i / headDim);
    for (let position = 0; position < positions; position++) {
      cos[position * half + i] = Math.cos(position * frequency);
      sin[position * half + i] = Math.sin(position * frequency);
    }
  }
  return { cos, sin };
}
