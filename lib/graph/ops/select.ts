/** Choosing between values, and changing their element type. */
import { broadcastShapes } from "../dimension.ts";
import { forEachBroadcast, ndarray } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { DType, Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";

const applyWhere = defineOperator<null>({
  name: "where",
  cheap: true,
  infer([condition, a, b]) {
    if (condition.dtype !== "bool") throw new Error(`expected a bool condition, got ${condition.dtype}`);
    if (a.dtype !== b.dtype) throw new Error(`expected the same dtype, got ${a.dtype} and ${b.dtype}`);
    return [{ dtype: a.dtype, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
  gradient({ inputs: [condition, a, b], outputGradient }) {
    const none = outputGradient.graph.scalar(0);
    return [
      null,
      sumTo(where(condition, outputGradient, none), a),
      sumTo(where(condition, none, outputGradient), b),
    ];
  },
  lower({ inputs, outputs, emit }) {
    emit("Where", inputs, { outputs });
  },
  evaluate([condition, a, b]) {
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) as number[];
    const result = ndarray(shape);
    forEachBroadcast(shape, [condition, a, b], (position, [c, i, j]) => {
      result.data[position] = condition.data[c] ? a.data[i] : b.data[j];
    });
    return [result];
  },
});

/** `a` where the bool `condition` holds, `b` elsewhere; all three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return applyWhere([condition, a, b], null)[0];
}

/** ONNX's numbers for element types. */
export const ONNX_DTYPE: Record<DType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 };

const applyCast = defineOperator<{ to: DType }>({
  name: "cast",
  cheap: true,
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  gradient({ inputs: [x], outputGradient }) {
    const isFloat = x.dtype === "float32" || x.dtype === "float16";
    return [isFloat ? cast(outputGradient, x.dtype) : null];
  },
  lower({ inputs, outputs, attributes: { to }, emit }) {
    emit("Cast", inputs, { outputs, attributes: { to: ONNX_DTYPE[to] } });
  },
  evaluate([x], { to }) {
    const truncates = to === "int32" || to === "int64" || to === "uint8";
    let convert = (v: number) => v;
    if (to === "bool") convert = (v) => (v === 0 ? 0 : 1);
    else if (truncates) convert = Math.trunc;
    // Narrowing is what this cast is for; float32 is left as exact as the rest of the reference.
    else if (to === "float16") convert = toFloat16;
    return [ndarray(x.shape, x.data.map(convert))];
  },
});

const half = new Float16Array(1);

function toFloat16(value: number): number {
  half[0] = value;
  return half[0];
}

/** The same values with another element type. Floats become integers by dropping the fraction. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : applyCast([x], { to })[0];
}
