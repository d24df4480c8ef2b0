import { type FileSystem, writeFileAtomic } from "../../files/mod.ts";
import type { ExportProgress } from "../progress.ts";
import { align, elementCount, GgufError, type GgufTensorType, ggufTypes, quote, tensorBytes } from "./format.ts";
import type { GgufValue } from "./metadata_values.ts";
import { openQuantizers, type Quantizers } from "./quants/pool.ts";
import { encodeHeader } from "./write_header.ts";

/** A tensor to be written. */
export interface GgufTensorToWrite {
  /** At most 63 bytes: llama.cpp has no room for more. */
  name: string;
  /** How it is stored. */
  type: GgufTensorType;
  /** Row-major, one to four sizes; the last one a multiple of the type's block size. */
  shape: readonly number[];
  /** Its weights. Called when the tensor's turn comes, so that not all have to be in memory. */
  data: () => Float32Array | Promise<Float32Array>;
}

/** What a file is to hold, in this order. */
export interface GgufContent {
  metadata: ReadonlyMap<string, GgufValue> | Readonly<Record<string, GgufValue>>;
  tensors: readonly GgufTensorToWrite[];
}

export interface WriteGgufOptions {
  /** Told after each piece: weights written, weights in all, the tensor's name. */
  onProgress?: ExportProgress;
  /** Stops between two pieces; nothing is left behind. */
  signal?: AbortSignal;
  /** Where to write; the real disk unless a test says otherwise. */
  fileSystem?: FileSystem;
  /**
   * Threads that quantize to Q4_K and Q6_K, which takes a few times longer than the other types; 0 for none besides the
   * caller's. As many as the machine has processors, at most 8, unless told. The file is the same whatever the number.
   */
  workers?: number;
}

/** Weights are quantized and written in pieces of about this many. */
const pieceWeights = 1 << 20;

/** Beyond it float16, in which F16 holds weights and the block types scales, is infinite. */
const largestFloat16 = 65504;

/**
 * Writes a GGUF file, version 3, little-endian: the same bytes for the same content. One tensor is in memory at a time,
 * and the file appears whole or not at all. Where `general.alignment` is among the metadata, as a u32, tensors are
 * aligned to it.
 *
 * @throws {GgufError} when names repeat or are too long, a shape does not fit its type or its data, or a weight is NaN,
 * infinite or (but in F32 and BF16) beyond 65504
 * @throws {DiskFullError} when the disk is full
 */
export async function writeGguf(path: string, content: GgufContent, options: WriteGgufOptions = {}): Promise<void> {
  const { onProgress, signal, fileSystem } = options;
  const metadata = content.metadata instanceof Map ? content.metadata : Object.entries(content.metadata);
  const { bytes: header, alignment, fileBytes } = encodeHeader(path, metadata, content.tensors);
  const total = content.tensors.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0);
  signal?.throwIfAborted();
  const quantizers = openQuantizers(options.workers);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield header;
    let done = 0;
    for (const tensor of content.tensors) {
      for await (const { blocks, weights } of tensorBlocks(path, tensor, quantizers, signal)) {
        yield blocks;
        done += weights;
        onProgress?.(done, total, tensor.name);
      }
      const length = tensorBytes(tensor.type, tensor.shape);
      yield new Uint8Array(align(length, alignment) - length);
    }
  }
  try {
    await writeFileAtomic(path, bytes(), { bytesNeeded: fileBytes, signal, fileSystem });
  } finally {
    quantizers.close();
  }
}

/** The pieces of a tensor in their order; as many as there are quantizers are worked on at a time. */
async function* tensorBlocks(
  path: string,
  tensor: GgufTensorToWrite,
  quantizers: Quantizers,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ blocks: Uint8Array; weights: number }> {
  const { name, type, shape } = tensor;
  signal?.throwIfAborted();
  const values = await tensor.data();
  const count = elementCount(shape);
  if (!(values instanceof Float32Array) || values.length !== count) {
    const found = values instanceof Float32Array ? `${values.length} numbers` : `a ${typeof values}`;
    throw new GgufError(
      path,
      `tensor ${quote(name)} gives ${found}; its shape ${quote(shape)} takes a Float32Array of ${count}.`,
    );
  }
  // Whole blocks, so that a piece never depends on another.
  const { blockSize } = ggufTypes[type];
  const step = pieceWeights - pieceWeights % blockSize;
  const ahead: Promise<Uint8Array>[] = [];
  let given = 0;
  for (let start = 0; start < count; start += step) {
    while (given < count && ahead.length < quantizers.width(type)) {
      const piece = values.subarray(given, given + step);
      checkRange(path, name, type, piece, given);
      const blocks = quantizers.quantize(type, piece);
      // One that fails while an earlier piece is being written is met when its turn comes.
      blocks.catch(() => {});
      ahead.push(blocks);
      given += step;
    }
    yield { blocks: await ahead.shift()!, weights: Math.min(step, count - start) };
  }
}

/**
 * Refuses weights that the type cannot hold: they would be written as infinities or NaN, and only noticed in a chat.
 */
function checkRange(path: string, name: string, type: GgufTensorType, values: Float32Array, offset: number): void {
  const limit = type === "F32" || type === "BF16" ? 3.39e38 : largestFloat16;
  let inRange = true;
  for (let i = 0; i < values.length; i++) inRange = inRange && Math.abs(values[i]) <= limit;
  if (inRange) return;
  const index = values.findIndex((value) => !(Math.abs(value) <= limit));
  const value = values[index];
  const why = Number.isFinite(value)
    ? `${type} holds weights up to ${limit}. Choose F32 or BF16 for it.`
    : "expected finite weights. Training has diverged, or a file is damaged.";
  throw new GgufError(path, `tensor ${quote(name)}: weight ${offset + index} is ${value}; ${why}`);
}
