/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864), in the layout of Hugging Face's Llama and Qwen models:
 * element i is paired with element i + headDim / 2.
 *
 *   y1 = x1 cos - x2 sin,   y2 = x2 cos + x1 sin,   angles = position * frequency,   frequency = theta^(-2 i / headDim)
 *
 * Models made for longer texts than they were first trained on turn some frequencies down: see `RotaryScaling`.
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

/**
 * How frequencies are lowered, so that a longer text looks like one of the length first trained on.
 *
 * - `"linear"` divides all of them by the factor (Chen et al. 2023, arXiv:2306.15595).
 * - `"llama3"` divides only slow ones (Llama 3.1 and later). With n = `originalMaxPositions` * frequency / (2 pi), the turns
 *   that a pair makes within the original length: at `highFrequencyFactor` turns or more the frequency stays, at
 *   `lowFrequencyFactor` or fewer it is divided by `factor`, and between them both are blended linearly in n.
 */
export type RotaryScaling =
  | { type: "linear"; factor: number }
  | {
    type: "llama3";
    factor: number;
    lowFrequencyFactor: number;
    highFrequencyFactor: number;
    originalMaxPositions: number;
  };

/** What decides the angles of a model's rotary embedding. */
export interface RotaryOptions {
  headDim: number;
  theta: number;
  /** Default: none. */
  scaling?: RotaryScaling;
}

/**
 * The frequency of each pair of a head's elements [headDim / 2], in radians a position.
 *
 * In float64, as the reference numbers of the tests are. transformers rounds them and the angles to float32: its cosines
 * are off by up to 1.5e-6 at position 100 and 1.4e-4 at position 10,000 (theta 500,000), which no text of a few tokens shows.
 */
export function rotaryFrequencies({ headDim, theta, scaling }: RotaryOptions): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => scaled(theta ** (-2 * i / headDim), scaling));
}

function scaled(frequency: number, scaling?: RotaryScaling): number {
  if (!scaling) return frequency;
  if (scaling.type === "linear") return frequency / scaling.factor;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
  const turns = originalMaxPositions * frequency / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return kept * frequency + (1 - kept) * frequency / factor;
}

/** The cosines and sines of the angles at positions 0 to `positions` - 1, each [positions, headDim / 2]. */
export function rotaryTables(
  positions: number,
  options: RotaryOptions,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const frequencies = rotaryFrequencies(options);
  const half = frequencies.length;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i];
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
