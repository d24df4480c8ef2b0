/**
 * The values of GGUF's metadata. Each has a type of its own in the file, so each is written with the function named
 * after it.
 */

/** The typed array that holds an array of each numeric type. */
export const numberArrays = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f64: Float64Array,
} as const;

/** The numeric types. */
export type GgufNumberType = keyof typeof numberArrays;

/** The types of single values, and of the items of arrays. */
export type GgufScalarType = GgufNumberType | "bool" | "string";

/** The types' numbers in the file. */
export const valueTypeIds: Readonly<Record<GgufScalarType | "array", number>> = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};

/** A number: 64-bit integers are bigints. */
export type GgufNumber = {
  [T in GgufNumberType]: { readonly type: T; readonly value: T extends "u64" | "i64" ? bigint : number };
}[GgufNumberType];

/** An array of numbers, in the typed array of their type. */
export type GgufNumbers = {
  [T in GgufNumberType]: {
    readonly type: "array";
    readonly items: T;
    readonly values: InstanceType<(typeof numberArrays)[T]>;
  };
}[GgufNumberType];

/** A value of metadata. */
export type GgufValue =
  | GgufNumber
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | GgufNumbers
  | { readonly type: "array"; readonly items: "bool"; readonly values: readonly boolean[] }
  | { readonly type: "array"; readonly items: "string"; readonly values: readonly string[] };

/** What each integer type holds. */
const bounds = {
  u8: [0, 0xff],
  i8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffffffff],
  i32: [-0x80000000, 0x7fffffff],
  u64: [0n, 0xffffffffffffffffn],
  i64: [-0x8000000000000000n, 0x7fffffffffffffffn],
} as const;

function inBounds(type: keyof typeof bounds, value: number | bigint): void {
  const [lowest, highest] = bounds[type];
  const whole = typeof value === "bigint" || Number.isInteger(value);
  if (!whole || value < lowest || value > highest) {
    throw new RangeError(`${value} is no ${type}: expected a whole number from ${lowest} to ${highest}.`);
  }
}

function integer<T extends "u8" | "i8" | "u16" | "i16" | "u32" | "i32">(type: T) {
  return (value: number): { readonly type: T; readonly value: number } => {
    inBounds(type, value);
    return { type, value };
  };
}

/** A whole number of 8 bits without sign. @throws {RangeError} when it is none, as for all integers here */
export const u8 = integer("u8");
/** A whole number of 8 bits. */
export const i8 = integer("i8");
/** A whole number of 16 bits without sign. */
export const u16 = integer("u16");
/** A whole number of 16 bits. */
export const i16 = integer("i16");
/** A whole number of 32 bits without sign: sizes, counts and token ids. */
export const u32 = integer("u32");
/** A whole number of 32 bits. */
export const i32 = integer("i32");

function wellFormed(value: string): void {
  if (value.isWellFormed()) return;
  throw new RangeError(`${JSON.stringify(value.slice(0, 80))} holds half a surrogate pair: expected Unicode text.`);
}

/** A whole number of 64 bits without sign. */
export function u64(value: bigint): GgufValue {
  inBounds("u64", value);
  return { type: "u64", value };
}

/** A whole number of 64 bits. */
export function i64(value: bigint): GgufValue {
  inBounds("i64", value);
  return { type: "i64", value };
}

/** A number, rounded to float32. */
export function f32(value: number): GgufValue {
  return { type: "f32", value: Math.fround(value) };
}

/** A number in float64. */
export function f64(value: number): GgufValue {
  return { type: "f64", value };
}

/** True or false. */
export function bool(value: boolean): GgufValue {
  return { type: "bool", value };
}

/** A text, written as UTF-8. @throws {RangeError} when it holds half a surrogate pair, which UTF-8 has no bytes for */
export function text(value: string): GgufValue {
  wellFormed(value);
  return { type: "string", value };
}

/** An array of texts, such as a vocabulary. @throws {RangeError} as {@link text} */
export function texts(values: readonly string[]): GgufValue {
  values.forEach(wellFormed);
  return { type: "array", items: "string", values };
}

/** An array of booleans. */
export function bools(values: readonly boolean[]): GgufValue {
  return { type: "array", items: "bool", values };
}

/** An array of 32-bit integers, such as the types of tokens. */
export function i32s(values: ArrayLike<number>): GgufValue {
  for (let i = 0; i < values.length; i++) inBounds("i32", values[i]);
  return { type: "array", items: "i32", values: Int32Array.from(values) };
}

/** An array of 32-bit integers without sign. */
export function u32s(values: ArrayLike<number>): GgufValue {
  for (let i = 0; i < values.length; i++) inBounds("u32", values[i]);
  return { type: "array", items: "u32", values: Uint32Array.from(values) };
}

/** An array of numbers, rounded to float32, such as the scores of tokens. */
export function f32s(values: ArrayLike<number>): GgufValue {
  return { type: "array", items: "f32", values: Float32Array.from(values) };
}
