/**
 * The layout of a safetensors file: 8 bytes with the length of the header (little endian), the header in JSON, then the
 * tensors' bytes without gaps. Every number in the header is checked before it is used, since files come from
 * strangers. https://github.com/huggingface/safetensors#format
 */

/** What stands in a dtype's memory. F16 and BF16 are kept as their bits, BOOL as bytes 0 and 1. */
const arrays = {
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  BF16: Uint16Array,
  F16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The element types that are read and written. */
export type SafetensorsDtype = keyof typeof arrays;

/** Numbers of a tensor as they are in the file: F16 and BF16 as bits in a Uint16Array, BOOL as bytes. */
export type TensorData =
  | BigInt64Array
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint16Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** Where a tensor is in its file. */
export interface TensorInfo {
  name: string;
  dtype: SafetensorsDtype;
  /** Row-major; empty for a single number. */
  shape: number[];
  /** Of the first number, from the start of the file. */
  byteOffset: number;
  byteLength: number;
}

/** A safetensors file or its index is not what it should be. The message names the file and says what was expected. */
export class SafetensorsError extends Error {
  override name = "SafetensorsError";

  constructor(readonly path: string, readonly problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
  }
}

/** The dtypes in the order in which the reference implementation lays tensors out, largest alignment first. */
export const dtypes = Object.keys(arrays) as SafetensorsDtype[];

/** Bytes of one element. */
export function itemSize(dtype: SafetensorsDtype): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** The class of typed array that holds a dtype. */
export function arrayClass(dtype: SafetensorsDtype): (typeof arrays)[SafetensorsDtype] {
  return arrays[dtype];
}

/** Headers larger than this are refused, as by the reference implementation. */
export const maxHeaderBytes = 100_000_000;

export interface Header {
  /** In the order of their bytes in the file. */
  tensors: TensorInfo[];
  metadata: Record<string, string>;
}

/**
 * Reads the length of the header from the first 8 bytes of a file.
 *
 * @throws {SafetensorsError} when the file is too short for it
 */
export function headerLength(path: string, start: Uint8Array, fileSize: number): number {
  if (start.length < 8) {
    throw new SafetensorsError(
      path,
      `cut off or not a safetensors file: it has ${fileSize} bytes, the header's length alone takes 8. Fetch it again.`,
    );
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new SafetensorsError(
      path,
      `damaged or not a safetensors file: the header claims ${length} bytes; at most ${maxHeaderBytes} are read. Fetch it again.`,
    );
  }
  if (Number(length) > fileSize - 8) {
    throw new SafetensorsError(
      path,
      `cut off or not a safetensors file: the header claims ${length} bytes, the file has ${fileSize}. Fetch it again.`,
    );
  }
  return Number(length);
}

/**
 * Reads and checks a header.
 *
 * @param json the header without its length
 * @throws {SafetensorsError} when anything in it is wrong, or does not fit a file of `fileSize` bytes
 */
export function parseHeader(path: string, json: Uint8Array, fileSize: number): Header {
  const entries = Object.entries(parseJsonObject(path, json));
  const dataStart = 8 + json.length;
  let metadata: Record<string, string> = {};
  const tensors: TensorInfo[] = [];
  for (const [name, entry] of entries) {
    if (name === "__metadata__") metadata = checkMetadata(path, entry);
    else tensors.push(checkTensor(path, name, entry, dataStart));
  }
  // Empty tensors come before the one that starts at the same byte.
  tensors.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const { name, byteOffset, byteLength } of tensors) {
    if (byteOffset !== end) {
      const what = byteOffset < end
        ? "overlaps the tensor before it"
        : `leaves a hole of ${byteOffset - end} bytes before it`;
      throw new SafetensorsError(path, `tensor ${quote(name)} ${what}.`);
    }
    end = byteOffset + byteLength;
  }
  if (end !== fileSize) {
    const what = end > fileSize ? "cut off" : "longer than its header says";
    throw new SafetensorsError(
      path,
      `${what}: the tensors end at byte ${end}, the file has ${fileSize}. Fetch it again.`,
    );
  }
  return { tensors, metadata };
}

function checkTensor(path: string, name: string, entry: unknown, dataStart: number): TensorInfo {
  const fail = (problem: string) => new SafetensorsError(path, `tensor ${quote(name)}: ${problem}`);
  if (!isRecord(entry)) throw fail(`expected {dtype, shape, data_offsets}, found ${quote(entry)}.`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(arrays, dtype)) {
    throw fail(`its dtype is ${quote(dtype)}; ${dtypes.join(", ")} can be read.`);
  }
  const known = dtype as SafetensorsDtype;
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail(`its shape is ${quote(shape)}; expected whole numbers from 0.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    throw fail(`its data_offsets are ${quote(offsets)}; expected [begin, end].`);
  }
  // JSON has a -0, which is a whole number from 0: plus 0 it is one like the others.
  const sizes: number[] = shape.map((size: number) => size + 0);
  const [begin, end] = offsets as [number, number];
  const byteLength = sizes.reduce((product: number, size: number) => product * size, itemSize(known));
  const held = end - begin;
  if (byteLength !== held) {
    throw fail(
      `${known} of shape ${
        quote(shape)
      } takes ${byteLength} bytes, its data_offsets hold ${held}: the header is damaged. ` +
        "Fetch the file again.",
    );
  }
  return { name, dtype: known, shape: sizes, byteOffset: dataStart + begin, byteLength };
}

function checkMetadata(path: string, entry: unknown): Record<string, string> {
  if (!isRecord(entry) || !Object.values(entry).every((value) => typeof value === "string")) {
    throw new SafetensorsError(path, `__metadata__ is ${quote(entry)}; expected an object of strings.`);
  }
  return entry as Record<string, string>;
}

/**
 * Parses a JSON object in which no key occurs twice: JSON.parse would silently keep the last.
 *
 * @param what how a message calls it
 * @throws {SafetensorsError} naming `path`
 */
export function parseJsonObject(path: string, bytes: Uint8Array, what = "the header"): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(path, `${what} is not JSON: ${problem}.`, { cause });
  }
  if (!isRecord(value)) throw new SafetensorsError(path, `${what} is ${quote(value)}; expected a JSON object.`);
  const twice = firstDuplicateKey(text);
  if (twice !== undefined) throw new SafetensorsError(path, `${quote(twice)} occurs twice in ${what}.`);
  return value;
}

/** Walks over valid JSON and finds a key that its object already has. */
function firstDuplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      let next = at + 1;
      while (" \t\r\n".includes(text[next])) next++;
      if (text[next] !== ":") continue;
      const key: string = JSON.parse(text.slice(start, at + 1));
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

/** A value from a file in an error message: as JSON, and never long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}
