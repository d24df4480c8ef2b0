/** How far each place of an axis is from the last one: all that a causal mask needs to know of two lengths. */
import { normalizeAxis } from "../dimension.ts";
import { ndarray } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

const applyStepsToEnd = defineOperator<{ axis: number }>({
  name: "steps_to_end",
  cheap: true,
  infer: ([x], { axis }) => [{ dtype: "float32", shape: [x.shape[axis]] }],
  gradient: () => [null],
  lower({ inputs, outputs, attributes: { axis }, emit, float }) {
    const length = emit("Squeeze", [emit("Shape", inputs, { attributes: { start: axis, end: axis + 1 } })]);
    // In float32, which every provider compares.
    const last = emit("Sub", [emit("Cast", [length], { attributes: { to: 1 } }), float(1)]);
    emit("Range", [last, float(-1), float(-1)], { outputs });
  },
  evaluate: ([{ shape }], { axis }) => [
    ndarray([shape[axis]], Array.from({ length: shape[axis] }, (_, i) => shape[axis] - 1 - i)),
  ],
});

/** float32 [length]: length - 1 to 0, for the length of an axis of `x`, whose values do not matter. Exact below 2^24. */
export function stepsToEnd(x: Tensor, axis: number): Tensor {
  return applyStepsToEnd([x], { axis: normalizeAxis("stepsToEnd", axis, x.shape) })[0];
}
