/** The end of an axis, as much of it as a number says that is only known when the program runs. */
import { isName, normalizeAxis } from "../dimension.ts";
import { ndarray, splitAt } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

const applyLastPlaces = defineOperator<{ axis: number; name: string }>({
  name: "last_places",
  infer([x, count], { axis, name }) {
    if (count.dtype !== "int64" || count.shape.length > 0) throw new Error("expected the count as one int64");
    if (!isName(name)) throw new Error(`expected a name for the size of axis ${axis}, got "${name}"`);
    return [{ dtype: x.dtype, shape: x.shape.with(axis, name) }];
  },
  lower({ inputs: [x, count], outputs, attributes: { axis }, emit, integers }) {
    // Counted from the end a start of 0 would be the end, but -0 is 0, the beginning.
    const start = emit("Unsqueeze", [emit("Neg", [count]), integers([0])]);
    emit("Slice", [x, start, integers([2 ** 31 - 1]), integers([axis])], { outputs });
  },
  evaluate([x, { data: [count] }], { axis }) {
    const { outer, length, inner } = splitAt(x.shape, axis);
    const kept = count === 0 ? length : Math.min(count, length);
    const result = ndarray(x.shape.with(axis, kept));
    for (let block = 0; block < outer; block++) {
      const from = ((block + 1) * length - kept) * inner;
      result.data.set(x.data.subarray(from, from + kept * inner), block * kept * inner);
    }
    return [result];
  },
});

/**
 * The last `count` places along `axis`; all of them when it is 0 or more than there are. Not differentiable.
 *
 * @param count int64, rank 0
 * @param name What the axis' size is called from here on.
 */
export function lastPlaces(x: Tensor, axis: number, count: Tensor, name: string): Tensor {
  return applyLastPlaces([x, count], { axis: normalizeAxis("lastPlaces", axis, x.shape), name })[0];
}
