import { elementCount, GgufError, ggufTypes, quote } from "./format.ts";
import { dequantizerOf, readableTypes } from "./quants/mod.ts";
import { type GgufTensorInfo, type Header, readHeader } from "./read_header.ts";
import { HeaderWindow } from "./read_window.ts";

export type { GgufTensorInfo } from "./read_header.ts";

/** An open GGUF file. */
export interface GgufFile extends Header {
  readonly path: string;
  /** @throws {GgufError} when there is no such tensor */
  info(name: string): GgufTensorInfo;
  /**
   * Reads a tensor of weights as float32, whatever it is stored as: F32, F16 and BF16 exactly, F64 rounded, the blocks
   * of Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K and Q6_K as llama.cpp does, to the bit. Needs little more
   * memory than its result.
   *
   * @returns row-major; the caller's own
   * @throws {GgufError} when there is no such tensor, it holds integers, its type is not read here, or the file was cut
   * meanwhile
   */
  readF32(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Reads a tensor as it is stored. @throws {GgufError} when there is no such tensor, or the file was cut meanwhile */
  readBytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the file. Reads after that fail. */
  close(): void;
}

/** Tensors are read in pieces of about this many bytes. */
const pieceBytes = 4 << 20;

/**
 * Opens a GGUF file (version 2 or 3, little-endian) and checks its header; tensors are read when asked for. Nothing in
 * the file is believed: lengths and offsets are held against its size before anything is allocated.
 *
 * @throws {GgufError} when the file is absent, cut off, or its header lies
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openFile(path);
  try {
    const { size, isFile } = await file.stat();
    if (!isFile) throw new GgufError(path, "not a file; expected a .gguf file.");
    const readAt = (position: number, bytes: Uint8Array) => fill(path, file, position, bytes);
    return opened(path, file, await readHeader(new HeaderWindow(path, size, readAt)));
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true });
  } catch (cause) {
    const problem = cause instanceof Deno.errors.NotFound
      ? "there is no such file."
      : `cannot be opened (${cause instanceof Error ? cause.message : cause}); expected a readable .gguf file.`;
    throw new GgufError(path, problem, { cause });
  }
}

async function fill(path: string, file: Deno.FsFile, position: number, bytes: Uint8Array): Promise<void> {
  await file.seek(position, Deno.SeekMode.Start);
  for (let offset = 0; offset < bytes.length;) {
    const count = await file.read(bytes.subarray(offset, offset + pieceBytes));
    if (count === null) {
      throw new GgufError(path, `ends at byte ${position + offset}: it was cut off while it was open.`);
    }
    offset += count;
  }
}

function opened(path: string, file: Deno.FsFile, header: Header): GgufFile {
  let closed = false;
  // A file has one position: reads that overlap in time take turns.
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (closed) throw new GgufError(path, `closed: tensor ${quote(name)} cannot be read any more.`);
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  function info(name: string): GgufTensorInfo {
    const found = header.tensors.get(name);
    if (found === undefined) throw new GgufError(path, `has no tensor ${quote(name)}.`);
    return found;
  }

  async function readBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { byteOffset, byteLength } = info(name);
    const bytes = new Uint8Array(byteLength);
    await inTurn(name, () => fill(path, file, byteOffset, bytes));
    return bytes;
  }

  async function readF32(name: string): Promise<Float32Array<ArrayBuffer>> {
    const { type, shape, byteOffset, byteLength } = info(name);
    const dequantizer = dequantizerOf(type);
    if (dequantizer === undefined) throw new GgufError(path, notRead(name, type));
    const values = new Float32Array(elementCount(shape));
    await inTurn(name, async () => {
      if (type === "F32") return await fill(path, file, byteOffset, new Uint8Array(values.buffer));
      const { blockSize, blockBytes } = ggufTypes[type];
      const blocksAtOnce = Math.floor(pieceBytes / blockBytes);
      const piece = new Uint8Array(Math.min(byteLength, blocksAtOnce * blockBytes));
      for (let start = 0; start < byteLength; start += piece.length) {
        const bytes = piece.subarray(0, byteLength - start);
        await fill(path, file, byteOffset + start, bytes);
        const first = start / blockBytes * blockSize;
        dequantizer.dequantize(bytes, values.subarray(first, first + bytes.length / blockBytes * blockSize));
      }
    });
    return values;
  }

  return {
    path,
    ...header,
    info,
    readBytes,
    readF32,
    close() {
      if (closed) return;
      closed = true;
      turn.then(() => file.close());
    },
  };
}

function notRead(name: string, type: string): string {
  const what = `tensor ${quote(name)} is stored as ${type}`;
  return /^I\d+$/.test(type)
    ? `${what}, whole numbers; expected weights: ${readableTypes.join(", ")}.`
    : `${what}, which is not read here; ${
      readableTypes.join(", ")
    } are. Take another file of the model, or convert this one with ` +
      "llama.cpp: llama-quantize --allow-requantize in.gguf out.gguf Q8_0.";
}
