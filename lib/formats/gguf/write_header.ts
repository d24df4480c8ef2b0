import {
  align,
  defaultAlignment,
  elementCount,
  GgufError,
  ggufTypes,
  magic,
  maxDimensions,
  maxNameBytes,
  quote,
  tensorBytes,
  writableTypes,
  writtenVersion,
} from "./format.ts";
import { type GgufTensorType } from "./format.ts";
import { type GgufValue, numberArrays, valueTypeIds } from "./metadata_values.ts";

/** A tensor as its place in the file is planned. */
interface PlannedTensor {
  readonly name: string;
  readonly type: GgufTensorType;
  readonly shape: readonly number[];
}

/** The header of a file, and how much is to follow it. */
export interface EncodedHeader {
  /** With zeros up to the first tensor. */
  readonly bytes: Uint8Array;
  readonly alignment: number;
  /** Of the whole file. */
  readonly fileBytes: number;
}

/**
 * Makes a header.
 *
 * @throws {GgufError} when names repeat or are too long, or a shape does not fit its type
 */
export function encodeHeader(
  path: string,
  metadata: Iterable<readonly [string, GgufValue]>,
  tensors: readonly PlannedTensor[],
): EncodedHeader {
  const entries = [...metadata];
  const alignment = alignmentOf(path, entries);
  const bytes = new ByteWriter();
  bytes.u32(magic);
  bytes.u32(writtenVersion);
  bytes.u64(tensors.length);
  bytes.u64(entries.length);
  const keys = new Set<string>();
  for (const [key, value] of entries) {
    if (keys.has(key)) throw new GgufError(path, `metadata ${quote(key)} is given twice; expected it once.`);
    if (!/^[a-z0-9_\-.]{1,65535}$/i.test(key)) {
      throw new GgufError(
        path,
        `metadata ${quote(key)}: expected a key of letters, digits, dots, dashes and underscores.`,
      );
    }
    keys.add(key);
    bytes.text(key);
    encodeValue(bytes, value);
  }
  checkTensors(path, tensors);
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    bytes.text(name);
    bytes.u32(shape.length);
    for (const size of shape.toReversed()) bytes.u64(size);
    bytes.u32(ggufTypes[type].id);
    bytes.u64(offset);
    offset += align(tensorBytes(type, shape), alignment);
  }
  bytes.zerosUpTo(align(bytes.length, alignment));
  return { bytes: bytes.taken(), alignment, fileBytes: bytes.length + offset };
}

function alignmentOf(path: string, entries: readonly (readonly [string, GgufValue])[]): number {
  const value = entries.find(([key]) => key === "general.alignment")?.[1];
  if (value === undefined) return defaultAlignment;
  if (value.type !== "u32" || value.value < 1 || !Number.isInteger(Math.log2(value.value))) {
    throw new GgufError(path, 'metadata "general.alignment": expected a u32 that is a power of two.');
  }
  return value.value;
}

function checkTensors(path: string, tensors: readonly PlannedTensor[]): void {
  const names = new Set<string>();
  for (const { name, type, shape } of tensors) {
    const fail = (problem: string) => new GgufError(path, `tensor ${quote(name)}: ${problem}`);
    if (names.has(name)) throw new GgufError(path, `two tensors are called ${quote(name)}; expected one.`);
    names.add(name);
    const nameBytes = new TextEncoder().encode(name).length;
    if (nameBytes < 1 || nameBytes > maxNameBytes) {
      throw fail(`its name has ${nameBytes} bytes; llama.cpp has room for 1 to ${maxNameBytes}.`);
    }
    if (!writableTypes.includes(type)) throw fail(`type ${quote(type)}; expected ${writableTypes.join(", ")}.`);
    const isShape = shape.length >= 1 && shape.length <= maxDimensions &&
      shape.every((size) => Number.isSafeInteger(size) && size >= 1) && Number.isSafeInteger(elementCount(shape));
    if (!isShape) throw fail(`shape ${quote(shape)}; expected 1 to ${maxDimensions} whole numbers from 1.`);
    const { blockSize } = ggufTypes[type];
    const columns = shape[shape.length - 1];
    if (columns % blockSize !== 0) {
      throw fail(
        `its rows have ${columns} weights; ${type} stores ${blockSize} together, expected a multiple. ` +
          `Choose ${blockSize === 256 && columns % 32 === 0 ? "Q8_0 or Q5_0" : "F16"} for it.`,
      );
    }
  }
}

function encodeValue(bytes: ByteWriter, value: GgufValue): void {
  bytes.u32(valueTypeIds[value.type]);
  switch (value.type) {
    case "string":
      return bytes.text(value.value);
    case "bool":
      return bytes.u8(Number(value.value));
    case "array": {
      bytes.u32(valueTypeIds[value.items]);
      bytes.u64(value.values.length);
      if (value.items === "string") { for (const text of value.values) bytes.text(text); }
      else if (value.items === "bool") { for (const item of value.values) bytes.u8(Number(item)); }
      else bytes.raw(new Uint8Array(value.values.buffer, value.values.byteOffset, value.values.byteLength));
      return;
    }
    case "u64":
    case "i64":
      return bytes.raw(new Uint8Array(numberArrays[value.type].of(value.value).buffer));
    default:
      return bytes.raw(new Uint8Array(numberArrays[value.type].of(value.value).buffer));
  }
}

/** Bytes that grow at their end. */
class ByteWriter {
  length = 0;
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  readonly #encoder = new TextEncoder();

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + count));
    larger.set(this.taken());
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** What was written so far. */
  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  u64(value: number): void {
    this.#room(8);
    this.#view.setBigUint64(this.length, BigInt(value), true);
    this.length += 8;
  }

  /** Its length and its bytes in UTF-8, of which a unit of JavaScript takes three at most. */
  text(text: string): void {
    this.#room(8 + text.length * 3);
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.length + 8));
    this.u64(written);
    this.length += written;
  }

  zerosUpTo(length: number): void {
    this.raw(new Uint8Array(length - this.length));
  }
}
