import {
  align,
  defaultAlignment,
  elementCount,
  GgufError,
  type GgufStoredType,
  ggufTypes,
  magic,
  maxDimensions,
  quote,
  tensorBytes,
} from "./format.ts";
import type { GgufValue } from "./metadata_values.ts";
import { readValue } from "./read_value.ts";
import type { HeaderWindow } from "./read_window.ts";

/** A tensor in a file. */
export interface GgufTensorInfo {
  readonly name: string;
  readonly type: GgufStoredType;
  /** Row-major, as PyTorch has it: the reverse of ggml's. */
  readonly shape: readonly number[];
  /** Of its first byte, from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** All of a file but the tensors' bytes. */
export interface Header {
  readonly version: 2 | 3;
  readonly alignment: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
}

const typeNames = new Map<number, GgufStoredType>(
  Object.entries(ggufTypes).map(([name, { id }]) => [id, name as GgufStoredType]),
);

/**
 * Reads and checks a header.
 *
 * @throws {GgufError} when anything in it is wrong, or does not fit the file
 */
export async function readHeader(window: HeaderWindow): Promise<Header> {
  const version = await readVersion(window);
  await window.need(16, "the numbers of tensors and metadata entries");
  const tensorCount = window.u64(), entryCount = window.u64();
  // The least an entry takes: the length of its key and of a value, its type, a byte.
  if (entryCount * 13 > window.left) window.check(entryCount * 13, `a claimed ${entryCount} metadata entries`);
  const metadata = await readMetadata(window, entryCount);
  const alignment = alignmentOf(window.path, metadata);
  // The same: the length of its name, the number of dimensions, one of them, its type, where it is.
  if (tensorCount * 32 > window.left) window.check(tensorCount * 32, `a claimed ${tensorCount} tensors`);
  const tensors = await readTensors(window, tensorCount, alignment);
  return { version, alignment, metadata, tensors };
}

async function readVersion(window: HeaderWindow): Promise<2 | 3> {
  const { path, fileSize } = window;
  if (fileSize < 8) {
    throw new GgufError(path, `cut off or not a GGUF file: it has ${fileSize} bytes. Fetch it again.`);
  }
  await window.need(8, "the version");
  const start = window.u32();
  if (start !== magic) {
    const found = new TextDecoder("latin1").decode(new Uint8Array(new Uint32Array([start]).buffer));
    throw new GgufError(path, `not a GGUF file: it begins with ${quote(found)}, expected "GGUF".`);
  }
  const version = window.u32();
  if (version === 2 || version === 3) return version;
  if (version % 65536 === 0 && version !== 0) {
    throw new GgufError(
      path,
      "big-endian; only little-endian files are read. Take the little-endian file of the model.",
    );
  }
  throw new GgufError(
    path,
    `GGUF version ${version}; 2 and 3 are read. Convert the model again with a current llama.cpp.`,
  );
}

async function readMetadata(window: HeaderWindow, count: number): Promise<Map<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = await window.text(`the key of metadata entry ${i + 1}`);
    if (metadata.has(key)) throw new GgufError(window.path, `metadata ${quote(key)} occurs twice; expected it once.`);
    metadata.set(key, await readValue(window, key));
  }
  return metadata;
}

function alignmentOf(path: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get("general.alignment");
  if (value === undefined) return defaultAlignment;
  const isPowerOfTwo = value.type === "u32" && value.value > 0 && Number.isInteger(Math.log2(value.value));
  if (!isPowerOfTwo) {
    const found = "value" in value ? `${value.type} ${quote(value.value)}` : value.type;
    throw new GgufError(path, `metadata "general.alignment" is ${found}; expected a u32 that is a power of two.`);
  }
  return value.value;
}

/** Where a tensor begins is told from where the tensors' bytes begin, which is only known after the last of them. */
async function readTensors(
  window: HeaderWindow,
  count: number,
  alignment: number,
): Promise<Map<string, GgufTensorInfo>> {
  const tensors = new Map<string, GgufTensorInfo>();
  for (let i = 0; i < count; i++) {
    const name = await window.text(`the name of tensor ${i + 1}`);
    if (tensors.has(name)) throw new GgufError(window.path, `has two tensors ${quote(name)}; expected one.`);
    tensors.set(name, await readTensor(window, name, alignment));
  }
  const start = align(window.position, alignment);
  const inFile = [...tensors.values()]
    .map((info) => ({ ...info, byteOffset: start + info.byteOffset }))
    .sort((a, b) => a.byteOffset - b.byteOffset);
  let end = start;
  for (const { name, byteOffset, byteLength } of inFile) {
    if (byteOffset < end) {
      throw new GgufError(
        window.path,
        `damaged: tensor ${quote(name)} overlaps the one before it. Fetch the file again.`,
      );
    }
    end = byteOffset + byteLength;
    if (end > window.fileSize) {
      throw new GgufError(
        window.path,
        `cut off: tensor ${quote(name)} would end at byte ${end}, the file has ${window.fileSize}. Fetch it again.`,
      );
    }
  }
  return new Map(inFile.map((info) => [info.name, info]));
}

/** A tensor, with its offset from where the tensors' bytes begin. */
async function readTensor(window: HeaderWindow, name: string, alignment: number): Promise<GgufTensorInfo> {
  const fail = (problem: string) => new GgufError(window.path, `tensor ${quote(name)}: ${problem}`);
  await window.need(4, `the dimensions of tensor ${quote(name)}`);
  const dimensions = window.u32();
  if (dimensions < 1 || dimensions > maxDimensions) {
    throw fail(`has ${dimensions} dimensions; expected 1 to ${maxDimensions}.`);
  }
  await window.need(dimensions * 8 + 12, `the shape and type of tensor ${quote(name)}`);
  const shape = Array.from({ length: dimensions }, () => window.u64()).reverse();
  if (!shape.every((size) => size >= 1 && Number.isSafeInteger(size)) || !Number.isSafeInteger(elementCount(shape))) {
    throw fail(`its shape is [${shape}]; expected whole numbers from 1 whose product is below 2^53.`);
  }
  const id = window.u32();
  const type = typeNames.get(id);
  if (type === undefined) {
    throw fail(
      `its type has the number ${id}, which is not known here: it is no longer, or not yet, one of ggml's. ` +
        "Convert the file with llama.cpp's llama-quantize, to Q8_0 for instance.",
    );
  }
  const { blockSize } = ggufTypes[type];
  const columns = shape[shape.length - 1];
  if (columns % blockSize !== 0) {
    throw fail(`its rows have ${columns} weights; ${type} stores ${blockSize} together, expected a multiple.`);
  }
  const byteOffset = window.u64();
  if (byteOffset % alignment !== 0) {
    throw fail(`begins at byte ${byteOffset} of the data; expected a multiple of ${alignment}, the file's alignment.`);
  }
  return { name, type, shape, byteOffset, byteLength: tensorBytes(type, shape) };
}
