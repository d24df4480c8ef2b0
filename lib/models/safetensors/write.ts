import { writeFileAtomic, type WriteOptions } from "../../files/mod.ts";
import { indexFile, singleFile } from "./checkpoint.ts";
import { arrayClass, dtypes, isRecord, itemSize, maxHeaderBytes, quote } from "./format.ts";
import type { SafetensorsDtype, TensorData } from "./format.ts";
import { narrowToBfloat16, narrowToFloat16 } from "./half.ts";

/** A tensor to be written. */
export interface TensorToWrite {
  name: string;
  /** How it is stored. */
  dtype: SafetensorsDtype;
  /** Row-major. */
  shape: readonly number[];
  /**
   * The numbers: as {@link TensorSource.read} gives them for the dtype, or a Float32Array for F16 and BF16, which is
   * rounded to the nearest (ties to even). A function is called when the tensor's turn comes, so that not all have to
   * be in memory.
   */
  data: TensorData | (() => TensorData | Promise<TensorData>);
}

/** Numbers are converted and written in pieces of this many. */
const pieceLength = 1 << 20;

/**
 * Writes a safetensors file, byte for byte as the reference implementation does: largest alignment first, then by name;
 * header padded with spaces to 8 bytes. The file appears whole or not at all.
 *
 * @param metadata strings for `__metadata__`; `{format: "pt"}` is what transformers expects
 * @throws {TypeError} when names repeat, or data do not fit dtype and shape
 * @throws {DiskFullError} when the disk is full
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
  options: Omit<WriteOptions, "bytesNeeded"> = {},
): Promise<void> {
  const sorted = inFileOrder(tensors);
  const header = makeHeader(path, sorted, metadata);
  const bytesNeeded = sorted.reduce((sum, tensor) => sum + byteLength(tensor), header.length);
  async function* bytes() {
    yield header;
    for (const tensor of sorted) yield* tensorBytes(path, tensor);
  }
  await writeFileAtomic(path, bytes(), { ...options, bytesNeeded });
}

/**
 * Writes the weights of a Hugging Face folder: one `model.safetensors`, or, when it would exceed `maxShardBytes`,
 * several files and `model.safetensors.index.json`. Weight files from an earlier save that would contradict the new
 * ones are removed. Each file is written atomically; wrap the call in `writeFolderAtomic` to replace a checkpoint as a
 * whole.
 *
 * @param options.maxShardBytes bytes of tensors in one file, 5 GB unless told; a tensor larger than that gets a file of
 * its own
 * @returns the names of the files written
 * @throws as {@link writeSafetensors}
 */
export async function writeCheckpoint(
  folder: string,
  tensors: readonly TensorToWrite[],
  options: Omit<WriteOptions, "bytesNeeded"> & { maxShardBytes?: number; metadata?: Record<string, string> } = {},
): Promise<string[]> {
  const { maxShardBytes = 5e9, metadata = { format: "pt" }, ...writeOptions } = options;
  checkNames(folder, tensors);
  const shards: TensorToWrite[][] = [];
  let shardBytes = Infinity;
  for (const tensor of tensors) {
    if (shardBytes + byteLength(tensor) > maxShardBytes) {
      shards.push([]);
      shardBytes = 0;
    }
    shards[shards.length - 1].push(tensor);
    shardBytes += byteLength(tensor);
  }
  if (shards.length === 0) shards.push([]);
  const number = (n: number) => String(n).padStart(5, "0");
  const names = shards.length === 1
    ? [singleFile]
    : shards.map((_, i) => `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`);
  for (const [i, shard] of shards.entries()) {
    await writeSafetensors(`${folder}/${names[i]}`, shard, metadata, writeOptions);
  }
  if (names.length > 1) {
    const fileOf = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]] as const));
    const index = {
      metadata: { total_size: tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0) },
      weight_map: Object.fromEntries(fileOf.sort((a, b) => byCodePoint(a[0], b[0]))),
    };
    await writeFileAtomic(`${folder}/${indexFile}`, JSON.stringify(index, null, 2) + "\n", writeOptions);
    names.push(indexFile);
  }
  for await (const { name } of Deno.readDir(folder)) {
    const weights = name === singleFile || name === indexFile || /^model-\d{5}-of-\d{5}\.safetensors$/.test(name);
    if (weights && !names.includes(name)) await Deno.remove(`${folder}/${name}`);
  }
  return names;
}

function inFileOrder(tensors: readonly TensorToWrite[]): TensorToWrite[] {
  const rank = (tensor: TensorToWrite) => dtypes.indexOf(tensor.dtype);
  return [...tensors].sort((a, b) => rank(a) - rank(b) || byCodePoint(a.name, b.name));
}

/** The order of the names' UTF-8 bytes; JavaScript's own compares UTF-16 units, which differs beyond U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const as = [...a], bs = [...b];
  const length = Math.min(as.length, bs.length);
  for (let i = 0; i < length; i++) {
    const difference = as[i].codePointAt(0)! - bs[i].codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return as.length - bs.length;
}

function makeHeader(path: string, tensors: TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  checkNames(path, tensors);
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw new TypeError(`${path}: metadata are ${quote(metadata)}; expected an object of strings.`);
  }
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    entries.push([
      "__metadata__",
      Object.fromEntries(Object.entries(metadata).sort((a, b) => byCodePoint(a[0], b[0]))),
    ]);
  }
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + byteLength(tensor);
    entries.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Entry by entry: an object would put names that look like numbers first.
  const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > maxHeaderBytes) {
    throw new TypeError(
      `${path}: a header of ${length} bytes; readers take at most ${maxHeaderBytes}. Write several files.`,
    );
  }
  const header = new Uint8Array(8 + length).fill(32);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

function checkNames(path: string, tensors: readonly TensorToWrite[]): void {
  const seen = new Set(["__metadata__"]);
  for (const { name, dtype, shape } of tensors) {
    if (seen.has(name)) throw new TypeError(`${path}: two tensors are called ${quote(name)}.`);
    seen.add(name);
    if (!dtypes.includes(dtype)) {
      throw new TypeError(`${path}: tensor ${quote(name)} has dtype ${quote(dtype)}; one of ${dtypes.join(", ")}.`);
    }
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new TypeError(`${path}: tensor ${quote(name)} has shape ${quote(shape)}; expected whole numbers from 0.`);
    }
  }
}

function byteLength({ dtype, shape }: TensorToWrite): number {
  return shape.reduce((product, size) => product * size, itemSize(dtype));
}

async function* tensorBytes(path: string, tensor: TensorToWrite): AsyncGenerator<Uint8Array> {
  const { name, dtype, shape } = tensor;
  const data = typeof tensor.data === "function" ? await tensor.data() : tensor.data;
  const narrows = (dtype === "F16" || dtype === "BF16") && data instanceof Float32Array;
  if (!narrows && !(data instanceof arrayClass(dtype))) {
    const expected = arrayClass(dtype).name + (dtype === "F16" || dtype === "BF16" ? " or Float32Array" : "");
    throw new TypeError(
      `${path}: tensor ${quote(name)} is a ${data?.constructor?.name}; for ${dtype} expected ${expected}.`,
    );
  }
  const length = byteLength(tensor) / itemSize(dtype);
  if (data.length !== length) {
    throw new TypeError(
      `${path}: tensor ${quote(name)} has ${data.length} numbers; shape ${quote(shape)} takes ${length}.`,
    );
  }
  const piece = new Uint16Array(narrows ? Math.min(length, pieceLength) : 0);
  for (let start = 0; start < length; start += pieceLength) {
    const part = data.subarray(start, start + pieceLength);
    if (narrows) {
      if (dtype === "F16") narrowToFloat16(part as Float32Array, piece);
      else narrowToBfloat16(part as Float32Array, piece);
      // The piece is reused: the writer is done with it before it asks for the next one.
      yield new Uint8Array(piece.buffer, 0, part.length * 2);
    } else {
      yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    }
  }
}
