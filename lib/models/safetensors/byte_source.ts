import { SafetensorsError } from "./format.ts";

/** Where the bytes of a safetensors file come from: a disk, or memory. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Fills `bytes` from a position of the file. Only one read at a time: a file on disk has one position.
   *
   * @throws {SafetensorsError} when the file ends before
   */
  readonly readAt: (position: number, bytes: Uint8Array) => Promise<void>;
  readonly close: () => void;
}

/** Large tensors are read in pieces of this many bytes, so that other work gets a turn. */
const pieceBytes = 16 << 20;

/** Bytes that are in memory. */
export function bytesInMemory(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    // A promise, so that a source in memory and one on disk fail in the same way.
    // deno-lint-ignore require-await
    async readAt(position, into) {
      const part = bytes.subarray(position, position + into.length);
      if (part.length < into.length) throw cutOff(path, position + part.length);
      into.set(part);
    },
    close() {},
  };
}

/**
 * Opens a file on disk.
 *
 * @throws {SafetensorsError} when it is absent, not a file, or the system refuses to open it
 */
export async function openFile(path: string): Promise<ByteSource> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (cause) {
    const problem = cause instanceof Deno.errors.NotFound
      ? "there is no such file."
      : `cannot be opened (${cause instanceof Error ? cause.message : cause}); expected a readable .safetensors file.`;
    throw new SafetensorsError(path, problem, { cause });
  }
  try {
    const { size, isFile } = await file.stat();
    if (!isFile) throw new SafetensorsError(path, "not a file. A folder is opened with openCheckpoint.");
    return { path, size, readAt: (position, bytes) => readAt(path, file, position, bytes), close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function readAt(path: string, file: Deno.FsFile, position: number, bytes: Uint8Array): Promise<void> {
  await file.seek(position, Deno.SeekMode.Start);
  for (let offset = 0; offset < bytes.length;) {
    const count = await file.read(bytes.subarray(offset, offset + pieceBytes));
    if (count === null) throw cutOff(path, position + offset);
    offset += count;
  }
}

function cutOff(path: string, end: number): SafetensorsError {
  return new SafetensorsError(path, `ends at byte ${end}: it was cut off while it was open.`);
}
