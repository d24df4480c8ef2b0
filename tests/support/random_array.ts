/** Reproducible arrays for the reference. */
import { type NdArray, ndarray, sizeOf } from "../../lib/graph/mod.ts";
import { Random } from "../../lib/random/mod.ts";

/** Normally distributed float32 numbers, drawn from a seed. */
export function randomArray(shape: readonly number[], seed: string): NdArray {
  const random = new Random(seed);
  return ndarray(shape, Array.from({ length: sizeOf(shape) }, () => Math.fround(random.normal())));
}
