import { widenBfloat16, widenFloat16 } from "./half.ts";
import { bytesInMemory, type ByteSource, openFile } from "./byte_source.ts";
import { arrayClass, headerLength, itemSize, parseHeader, quote, SafetensorsError } from "./format.ts";
import type { TensorData, TensorInfo } from "./format.ts";

/** Tensors by name, read from disk when asked for. */
export interface TensorSource {
  /** The file or folder, for messages. */
  readonly path: string;
  /** In the order in which they lie on disk. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws {SafetensorsError} when there is no such tensor */
  info(name: string): TensorInfo;
  /**
   * Reads a tensor as it is in the file: F16 and BF16 as bits in a Uint16Array, BOOL as bytes.
   *
   * @throws {SafetensorsError} when there is no such tensor, or the file has changed meanwhile
   */
  read(name: string): Promise<TensorData>;
  /**
   * Reads a floating-point tensor as float32: F32 as it is, F16 and BF16 exactly, F64 rounded. Needs no more memory
   * than its result (F64: half as much again).
   *
   * @throws {SafetensorsError} also when the tensor holds integers
   */
  readF32(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the files. Reads after that fail. */
  close(): void;
}

/** An open safetensors file. */
export interface SafetensorsFile extends TensorSource {
  /** The strings of `__metadata__`, such as `{format: "pt"}`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Opens a safetensors file and checks its header; tensors are read when asked for.
 *
 * @throws {SafetensorsError} when the file is absent, cut off, or its header lies
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return await openSource(await openFile(path));
}

/**
 * The same for a file that is in memory already. What {@link TensorSource.read} gives is a copy.
 *
 * @param name what messages call it
 * @throws {SafetensorsError} when it is cut off, or its header lies
 */
export async function openSafetensorsBytes(name: string, bytes: Uint8Array): Promise<SafetensorsFile> {
  return await openSource(bytesInMemory(name, bytes));
}

async function openSource(bytes: ByteSource): Promise<SafetensorsFile> {
  const { path, size } = bytes;
  try {
    const start = new Uint8Array(Math.min(8, size));
    await bytes.readAt(0, start);
    // No larger than the file, whatever it claims.
    const json = new Uint8Array(headerLength(path, start, size));
    await bytes.readAt(8, json);
    const { tensors, metadata } = parseHeader(path, json, size);
    return source(bytes, new Map(tensors.map((info) => [info.name, info])), metadata);
  } catch (error) {
    bytes.close();
    throw error;
  }
}

function source(
  { path, readAt, close }: ByteSource,
  infos: Map<string, TensorInfo>,
  metadata: Record<string, string>,
): SafetensorsFile {
  let closed = false;
  // A file has one position: reads that overlap in time take turns.
  let turn: Promise<void> = Promise.resolve();

  function fill(info: TensorInfo, bytes: Uint8Array): Promise<void> {
    if (closed) throw new SafetensorsError(path, `closed: tensor ${quote(info.name)} cannot be read any more.`);
    const done = turn.then(() => readAt(info.byteOffset, bytes));
    turn = done.catch(() => {});
    return done;
  }

  function info(name: string): TensorInfo {
    const found = infos.get(name);
    if (found === undefined) throw new SafetensorsError(path, `has no tensor ${quote(name)}.`);
    return found;
  }

  async function read(name: string): Promise<TensorData> {
    const found = info(name);
    const buffer = new ArrayBuffer(found.byteLength);
    await fill(found, new Uint8Array(buffer));
    return new (arrayClass(found.dtype))(buffer);
  }

  async function readF32(name: string): Promise<Float32Array<ArrayBuffer>> {
    const found = info(name);
    const count = found.byteLength / itemSize(found.dtype);
    switch (found.dtype) {
      case "F32":
        return await read(name) as Float32Array<ArrayBuffer>;
      case "F64":
        return Float32Array.from(await read(name) as Float64Array);
      case "F16":
      case "BF16": {
        // The 16-bit numbers are read into the second half of the result and widened from the front: number i is
        // written to bytes that hold numbers up to i only, so one buffer does for both.
        const values = new Float32Array(count);
        const half = new Uint16Array(values.buffer, count * 2, count);
        await fill(found, new Uint8Array(values.buffer, count * 2));
        const bits = new Uint32Array(values.buffer);
        if (found.dtype === "F16") widenFloat16(half, bits);
        else widenBfloat16(half, bits);
        return values;
      }
      default:
        throw new SafetensorsError(path, `tensor ${quote(name)} is ${found.dtype}, expected F32, F16, BF16 or F64.`);
    }
  }

  return {
    path,
    names: [...infos.keys()],
    metadata,
    has: (name) => infos.has(name),
    info,
    read,
    readF32,
    close() {
      if (closed) return;
      closed = true;
      turn.then(close);
    },
  };
}
