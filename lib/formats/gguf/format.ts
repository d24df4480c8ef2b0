/**
 * The constants of GGUF, the file format of llama.cpp: a header, typed metadata, a table of tensors, and their bytes,
 * each tensor from a multiple of the alignment on. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

/**
 * A GGUF file, or what should become one, is not what it should be. The message names the file and says what was
 * expected.
 */
export class GgufError extends Error {
  override name = "GgufError";

  constructor(readonly path: string, readonly problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
  }
}

/** "GGUF", the first four bytes. */
export const magic = 0x46554747;

/** The version that is written. 2 is the same but for the promise that a file may be big-endian. */
export const writtenVersion = 3;

/** Where `general.alignment` does not say otherwise, tensors start at multiples of this many bytes. */
export const defaultAlignment = 32;

/** More dimensions ggml does not have. */
export const maxDimensions = 4;

/** Bytes of a tensor's name that ggml has room for. */
export const maxNameBytes = 63;

/** How a type is stored: its number in the file, and how many weights make a block of how many bytes. */
interface TypeLayout {
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
}

const layout = (id: number, blockSize: number, blockBytes: number): TypeLayout => ({ id, blockSize, blockBytes });

/** Every type that a file may hold, by ggml's name. */
export const ggufTypes = {
  F32: layout(0, 1, 4),
  F16: layout(1, 1, 2),
  Q4_0: layout(2, 32, 18),
  Q4_1: layout(3, 32, 20),
  Q5_0: layout(6, 32, 22),
  Q5_1: layout(7, 32, 24),
  Q8_0: layout(8, 32, 34),
  Q8_1: layout(9, 32, 36),
  Q2_K: layout(10, 256, 84),
  Q3_K: layout(11, 256, 110),
  Q4_K: layout(12, 256, 144),
  Q5_K: layout(13, 256, 176),
  Q6_K: layout(14, 256, 210),
  Q8_K: layout(15, 256, 292),
  IQ2_XXS: layout(16, 256, 66),
  IQ2_XS: layout(17, 256, 74),
  IQ3_XXS: layout(18, 256, 98),
  IQ1_S: layout(19, 256, 50),
  IQ4_NL: layout(20, 32, 18),
  IQ3_S: layout(21, 256, 110),
  IQ2_S: layout(22, 256, 82),
  IQ4_XS: layout(23, 256, 136),
  I8: layout(24, 1, 1),
  I16: layout(25, 1, 2),
  I32: layout(26, 1, 4),
  I64: layout(27, 1, 8),
  F64: layout(28, 1, 8),
  IQ1_M: layout(29, 256, 56),
  BF16: layout(30, 1, 2),
  TQ1_0: layout(34, 256, 54),
  TQ2_0: layout(35, 256, 66),
  MXFP4: layout(39, 32, 17),
  NVFP4: layout(40, 64, 36),
  Q1_0: layout(41, 128, 18),
} as const satisfies Record<string, TypeLayout>;

/** A type that may stand in a file; not all can be read. */
export type GgufStoredType = keyof typeof ggufTypes;

/** The types that {@link writeGguf} writes. */
export const writableTypes = ["F32", "F16", "BF16", "Q8_0", "Q5_0", "Q4_0", "Q6_K", "Q4_K"] as const;

/** A type that {@link writeGguf} writes. */
export type GgufTensorType = (typeof writableTypes)[number];

/** Weights of a row that are stored together: the length of a row has to be a multiple. */
export function blockSizeOf(type: GgufStoredType): number {
  return ggufTypes[type].blockSize;
}

/** Bytes of a tensor whose rows are whole blocks. */
export function tensorBytes(type: GgufStoredType, shape: readonly number[]): number {
  const { blockSize, blockBytes } = ggufTypes[type];
  return elementCount(shape) / blockSize * blockBytes;
}

/** Numbers in a tensor of this shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The next multiple of the alignment, or the offset itself if it is one. */
export function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** A value in an error message: as JSON, and never long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value, (_, item) => typeof item === "bigint" ? String(item) : item) ?? "absent";
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}
