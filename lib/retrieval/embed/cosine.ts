/** Cosine of two vectors of any length; 0 where one has no direction. */
export function cosine(one: Float32Array, other: Float32Array): number {
  let [product, squareOne, squareOther] = [0, 0, 0];
  for (let i = 0; i < one.length; i++) {
    product += one[i] * other[i];
    squareOne += one[i] * one[i];
    squareOther += other[i] * other[i];
  }
  const lengths = Math.sqrt(squareOne) * Math.sqrt(squareOther);
  return lengths === 0 ? 0 : product / lengths;
}
