/** The arithmetic of merging. */

/**
 * weight [out, in] + scaling b [out, r] a [r, in], computed in float64 and rounded once.
 *
 * @param into Where it goes, which may be `weight` itself. Default: a new array.
 */
export function addProduct(
  weight: Float32Array,
  a: Float32Array,
  b: Float32Array,
  { r, scaling }: { r: number; scaling: number },
  into: Float32Array<ArrayBuffer> = new Float32Array(weight.length),
): Float32Array<ArrayBuffer> {
  const inputs = a.length / r;
  const row = new Float64Array(inputs);
  const fours = r - r % 4;
  for (let out = 0; out < weight.length / inputs; out++) {
    row.fill(0);
    // Four rows of `a` at a time, since most of the time goes into reading and writing `row`; the order of the sum is that of k.
    for (let k = 0; k < fours; k += 4) {
      const at = out * r + k;
      const [b0, b1, b2, b3] = [b[at] * scaling, b[at + 1] * scaling, b[at + 2] * scaling, b[at + 3] * scaling];
      for (let i = 0, a0 = k * inputs; i < inputs; i++, a0++) {
        const a1 = a0 + inputs, a2 = a1 + inputs;
        row[i] = row[i] + b0 * a[a0] + b1 * a[a1] + b2 * a[a2] + b3 * a[a2 + inputs];
      }
    }
    for (let k = fours; k < r; k++) {
      const factor = b[out * r + k] * scaling;
      for (let i = 0; i < inputs; i++) row[i] += factor * a[k * inputs + i];
    }
    const first = out * inputs;
    for (let i = 0; i < inputs; i++) into[first + i] = weight[first + i] + row[i];
  }
  return into;
}
