/** Arithmetic element by element, with NumPy's broadcasting for two inputs. */
import { broadcastShapes } from "../dimension.ts";
import { forEachBroadcast, ndarray } from "../ndarray.ts";
import { defineOperator, type GradientContext } from "../operator.ts";
import type { Tensor, TensorType } from "../tensor.ts";
import { sumTo } from "./reduce.ts";
import { where } from "./select.ts";

type BinaryGradient = (a: Tensor, b: Tensor, dy: Tensor, y: Tensor) => [Tensor | null, Tensor | null];
type UnaryGradient = (x: Tensor, dy: Tensor, y: Tensor) => Tensor | null;

function binary(onnxName: string, value: (a: number, b: number) => number, gradient: BinaryGradient) {
  const apply = defineOperator<null>({
    name: onnxName.toLowerCase(),
    cheap: true,
    infer([a, b]) {
      if (a.dtype !== b.dtype) throw new Error(`expected the same dtype, got ${a.dtype} and ${b.dtype}`);
      return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
    },
    gradient({ inputs: [a, b], outputs: [y], outputGradient }) {
      const [da, db] = gradient(a, b, outputGradient, y);
      return [da && sumTo(da, a), db && sumTo(db, b)];
    },
    lower({ inputs, outputs, emit }) {
      emit(onnxName, inputs, { outputs });
    },
    evaluate([a, b]) {
      const result = ndarray(broadcastShapes(a.shape, b.shape) as number[]);
      forEachBroadcast(result.shape, [a, b], (position, [i, j]) => {
        result.data[position] = value(a.data[i], b.data[j]);
      });
      return [result];
    },
  });
  return (a: Tensor, b: Tensor): Tensor => apply([a, b], null)[0];
}

function unary(onnxName: string, value: (x: number) => number, gradient: UnaryGradient) {
  const apply = defineOperator<null>({
    name: onnxName.toLowerCase(),
    cheap: true,
    infer: ([x]: readonly TensorType[]) => [{ dtype: x.dtype, shape: x.shape }],
    gradient: (
      { inputs: [x], outputs: [y], outputGradient }: GradientContext<null>,
    ) => [gradient(x, outputGradient, y)],
    lower({ inputs, outputs, emit }) {
      emit(onnxName, inputs, { outputs });
    },
    evaluate: ([x]) => [ndarray(x.shape, x.data.map(value))],
  });
  return (x: Tensor): Tensor => apply([x], null)[0];
}

/** a + b. */
export const add = binary("Add", (a, b) => a + b, (_a, _b, dy) => [dy, dy]);
/** a - b. */
export const sub = binary("Sub", (a, b) => a - b, (_a, _b, dy) => [dy, neg(dy)]);
/** a * b. */
export const mul = binary("Mul", (a, b) => a * b, (a, b, dy) => [mul(dy, b), mul(dy, a)]);
/** a / b. */
export const div = binary("Div", (a, b) => a / b, (_a, b, dy, y) => [div(dy, b), neg(div(mul(dy, y), b))]);
/** The smaller of the two; where they are equal the gradient goes to `a`. */
export const min = binary("Min", Math.min, (a, b, dy) => {
  const takesB = less(b, a);
  const none = dy.graph.scalar(0);
  return [where(takesB, none, dy), where(takesB, dy, none)];
});
/** The larger of the two; where they are equal the gradient goes to `a`. */
export const max = binary("Max", Math.max, (a, b, dy) => {
  const takesB = less(a, b);
  const none = dy.graph.scalar(0);
  return [where(takesB, none, dy), where(takesB, dy, none)];
});

/** -x. */
export const neg = unary("Neg", (x) => -x, (_x, dy) => neg(dy));
/** |x|; the gradient at 0 is that of x. */
export const abs = unary("Abs", Math.abs, (x, dy) => where(less(x, x.graph.scalar(0)), neg(dy), dy));
/** e^x. */
export const exp = unary("Exp", Math.exp, (_x, dy, y) => mul(dy, y));
/** Natural logarithm. */
export const log = unary("Log", Math.log, (x, dy) => div(dy, x));
/** Square root. */
export const sqrt = unary("Sqrt", Math.sqrt, (x, dy, y) => div(mul(dy, x.graph.scalar(0.5)), y));
/** 1 / x. */
export const reciprocal = unary("Reciprocal", (x) => 1 / x, (_x, dy, y) => neg(mul(dy, mul(y, y))));
/** 1 / (1 + e^-x). */
export const sigmoid = unary(
  "Sigmoid",
  (x) => 1 / (1 + Math.exp(-x)),
  (x, dy, y) => mul(dy, mul(y, sub(x.graph.scalar(1), y))),
);
/** Hyperbolic tangent. */
export const tanh = unary("Tanh", Math.tanh, (x, dy, y) => mul(dy, sub(x.graph.scalar(1), mul(y, y))));
/** log(1 + e^x), without overflow. */
export const softplus = unary(
  "Softplus",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x, dy) => mul(dy, sigmoid(x)),
);

/** x times a number known when the graph is built. */
export function scale(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : mul(x, x.graph.scalar(factor));
}

/** x * x. */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** x held between two numbers; the gradient is 0 outside them. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return min(max(x, x.graph.scalar(low)), x.graph.scalar(high));
}

function comparison(onnxName: string, value: (a: number, b: number) => boolean) {
  const apply = defineOperator<null>({
    name: onnxName.toLowerCase(),
    cheap: true,
    infer([a, b]) {
      if (a.dtype !== b.dtype) throw new Error(`expected the same dtype, got ${a.dtype} and ${b.dtype}`);
      return [{ dtype: "bool", shape: broadcastShapes(a.shape, b.shape) }];
    },
    gradient: () => [null, null],
    lower({ inputs, outputs, emit }) {
      emit(onnxName, inputs, { outputs });
    },
    evaluate([a, b]) {
      const result = ndarray(broadcastShapes(a.shape, b.shape) as number[]);
      forEachBroadcast(result.shape, [a, b], (position, [i, j]) => {
        result.data[position] = value(a.data[i], b.data[j]) ? 1 : 0;
      });
      return [result];
    },
  });
  return (a: Tensor, b: Tensor): Tensor => apply([a, b], null)[0];
}

/** a < b, as bool. */
export const less = comparison("Less", (a, b) => a < b);
/** a > b, as bool. */
export const greater = comparison("Greater", (a, b) => a > b);
/** a = b, as bool. */
export const equal = comparison("Equal", (a, b) => a === b);
