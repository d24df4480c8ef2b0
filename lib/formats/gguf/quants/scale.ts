/** The number of the largest absolute value, with its sign; of several the first. 0 when all are 0. */
export function largestByAbsolute(values: Float32Array, start: number, count: number): number {
  let largest = 0, absolute = 0;
  for (let i = start; i < start + count; i++) {
    const value = values[i];
    const its = Math.abs(value);
    if (its > absolute) {
      absolute = its;
      largest = value;
    }
  }
  return largest;
}

/** 1 / scale in float32; 0 for a scale of 0, and for one so small that its inverse is infinite. */
export function inverseOf(scale: number): number {
  const inverse = Math.fround(1 / scale);
  return Number.isFinite(inverse) ? inverse : 0;
}
