/** Softmax along the last axis. */
import { ndarray } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./elementwise.ts";
import { sum } from "./reduce.ts";

const applySoftmax = defineOperator<null>({
  name: "softmax",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient({ outputs: [y], outputGradient }) {
    const weighted = mul(outputGradient, y);
    return [sub(weighted, mul(y, sum(weighted, -1)))];
  },
  lower({ inputs, outputs, emit }) {
    emit("Softmax", inputs, { outputs, attributes: { axis: -1 } });
  },
  evaluate([x]) {
    const width = x.shape.at(-1)!;
    const result = ndarray(x.shape);
    for (let start = 0; start < x.data.length; start += width) {
      const row = x.data.subarray(start, start + width);
      const highest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      let total = 0;
      for (let k = 0; k < width; k++) total += result.data[start + k] = Math.exp(row[k] - highest);
      for (let k = 0; k < width; k++) result.data[start + k] /= total;
    }
    return [result];
  },
});

/** e^x over its sum along the last axis. */
export function softmax(x: Tensor): Tensor {
  return applySoftmax([x], null)[0];
}
