/**
 * Sizes of tensor axes. A size is a number, or a polynomial over named sizes that are only known when the program runs,
 * kept as a canonical string such as `"batch"`, `"4*tokens"` or `"cached + tokens"`. Two sizes are the same exactly when
 * their strings are, which is all that shape rules need.
 */

/** The size of one axis: a number, or a named size (`"tokens"`) or sum of products of them (`"2*batch*tokens + 1"`). */
export type Dimension = number | string;

/** Values of the named sizes, e.g. `{ batch: 8, tokens: 512 }`. */
export type DimensionValues = Record<string, number>;

const NAME = /^[A-Za-z_]\w*$/;

/** A polynomial: the coefficient of each product of names, the product written as sorted names joined by `*`. */
type Terms = Map<string, number>;

function parse(dimension: Dimension): Terms {
  if (typeof dimension === "number") return new Map([["", dimension]]);
  const terms: Terms = new Map();
  for (const text of dimension.split(" + ")) {
    const names: string[] = [];
    let coefficient = 1;
    for (const factor of text.split("*")) {
      if (/^-?\d+$/.test(factor)) coefficient *= Number(factor);
      else if (NAME.test(factor)) names.push(factor);
      else throw new Error(`dimension "${dimension}": expected names and integers joined by "*" and " + "`);
    }
    const key = names.sort().join("*");
    terms.set(key, (terms.get(key) ?? 0) + coefficient);
  }
  return terms;
}

function print(terms: Terms): Dimension {
  const parts: string[] = [];
  for (const [names, coefficient] of [...terms].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1))) {
    if (coefficient === 0) continue;
    parts.push(names === "" ? String(coefficient) : coefficient === 1 ? names : `${coefficient}*${names}`);
  }
  if (parts.length === 0) return 0;
  const text = parts.join(" + ");
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** True for a single name, the only kind of size that a shape can give a value to. */
export function isName(dimension: Dimension): dimension is string {
  return typeof dimension === "string" && NAME.test(dimension);
}

/** The names that a size is made of. */
export function namesIn(dimension: Dimension): string[] {
  return [...new Set([...parse(dimension).keys()].flatMap((names) => names.split("*")))].filter((name) => name !== "");
}

/** The sum of two sizes. */
export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = parse(a);
  for (const [names, coefficient] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + coefficient);
  return print(sum);
}

/** The product of sizes; 1 for none. */
export function multiplyDimensions(...factors: Dimension[]): Dimension {
  let product: Terms = new Map([["", 1]]);
  for (const factor of factors) {
    const next: Terms = new Map();
    for (const [namesA, a] of product) {
      for (const [namesB, b] of parse(factor)) {
        const key = [...namesA.split("*"), ...namesB.split("*")].filter((name) => name !== "").sort().join("*");
        next.set(key, (next.get(key) ?? 0) + a * b);
      }
    }
    product = next;
  }
  return print(product);
}

/** The number that a size stands for, given the named sizes. Throws when a name has no value. */
export function resolveDimension(dimension: Dimension, values: DimensionValues): number {
  if (typeof dimension === "number") return dimension;
  let total = 0;
  for (const [names, coefficient] of parse(dimension)) {
    let product = coefficient;
    for (const name of names.split("*")) {
      if (name === "") continue;
      if (!(name in values)) throw new Error(`dimension "${dimension}": no value for "${name}"`);
      product *= values[name];
    }
    total += product;
  }
  return total;
}

/** The numbers that a shape stands for. */
export function resolveShape(shape: readonly Dimension[], values: DimensionValues): number[] {
  return shape.map((dimension) => resolveDimension(dimension, values));
}

/** True when both shapes are the same, axis by axis. */
export function sameShape(a: readonly Dimension[], b: readonly Dimension[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/**
 * The shape of an elementwise operation on two shapes (NumPy's rule: aligned at the last axis, a size of 1 repeats).
 * Throws when two sizes differ and neither is 1.
 */
export function broadcastShapes(a: readonly Dimension[], b: readonly Dimension[]): Dimension[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - (rank - a.length)] ?? 1;
    const right = b[axis - (rank - b.length)] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new Error(`shapes ${showShape(a)} and ${showShape(b)} do not broadcast: ${left} against ${right}`);
  });
}

/** An axis counted from the front. Negative ones count from the end. Throws when the shape has no such axis. */
export function normalizeAxis(operator: string, axis: number, shape: readonly Dimension[]): number {
  const counted = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || counted < 0 || counted >= shape.length) {
    throw new Error(`${operator}: axis ${axis} is not an axis of ${showShape(shape)}`);
  }
  return counted;
}

/** A shape as people write it: `[batch, tokens, 64]`. */
export function showShape(shape: readonly Dimension[]): string {
  return `[${shape.join(", ")}]`;
}
