import { DiskFullError, isDiskFull } from "./disk_full.ts";
import { denoFileSystem, type FileSystem, type WritableFile } from "./file_system.ts";
import { folderOf, previousBeside, removeStaleTemporaries, temporaryBeside } from "./temporary.ts";

/** What {@link writeFileAtomic} can write: bytes, text (as UTF-8), or bytes that are made while they are written. */
export type FileContents = Uint8Array | string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface WriteOptions {
  /** Size of the contents when they are a stream, for the message of a full disk. */
  bytesNeeded?: number;
  /** Stops between two chunks; nothing is left behind. */
  signal?: AbortSignal;
  /** Where to write; the real disk unless a test says otherwise. */
  fileSystem?: FileSystem;
}

/**
 * Writes a file so that a reader, or a run after a crash, sees either the old file or the whole new one: it is written
 * beside under a temporary name, flushed to disk, renamed into place, and the folder is flushed. The folder is created
 * when absent. What killed processes left half-written for the same file is cleared away first.
 *
 * @throws {DiskFullError} when the disk is full; as after every failure, `path` holds the old file or the whole new one
 * and no temporary is left
 */
export async function writeFileAtomic(path: string, data: FileContents, options: WriteOptions = {}): Promise<void> {
  const fileSystem = options.fileSystem ?? denoFileSystem;
  const chunks = typeof data === "string"
    ? [new TextEncoder().encode(data)]
    : data instanceof Uint8Array
    ? [data]
    : data;
  const bytesNeeded = Array.isArray(chunks) ? chunks.reduce((sum, c) => sum + c.length, 0) : options.bytesNeeded;
  const temporary = temporaryBeside(path);
  let written = 0;
  try {
    await fileSystem.makeFolder(folderOf(path));
    await removeStaleTemporaries(fileSystem, path);
    const file = await fileSystem.create(temporary);
    try {
      for await (const chunk of chunks) {
        options.signal?.throwIfAborted();
        await writeAll(file, chunk);
        written += chunk.length;
      }
      await file.sync();
    } finally {
      file.close();
    }
    options.signal?.throwIfAborted();
    await fileSystem.rename(temporary, path);
    await fileSystem.sync(folderOf(path));
  } catch (error) {
    await removeQuietly(fileSystem, temporary);
    if (isDiskFull(error)) throw new DiskFullError(path, bytesNeeded, written, { cause: error });
    throw error;
  }
}

/**
 * Writes a whole folder, or replaces one, so that what stands at `path` is never half-written. `fill` gets the path of
 * a temporary folder beside it and writes there; when it returns, every file is flushed and the folder is renamed into
 * place. One writer at a time for one path. A crash in the instant between moving the old folder away and the new one
 * in leaves the old one under another name: {@link recoverFolder} (which this function calls first) puts it back.
 *
 * @returns what `fill` returned
 * @throws {DiskFullError} when the disk is full; as after every failure, `path` holds the old folder or the whole new
 * one and no temporary is left
 */
export async function writeFolderAtomic<T>(
  path: string,
  fill: (temporaryPath: string) => Promise<T>,
  options: Pick<WriteOptions, "fileSystem" | "bytesNeeded"> = {},
): Promise<T> {
  const fileSystem = options.fileSystem ?? denoFileSystem;
  const target = path.replace(/[/\\]+$/, "");
  const temporary = temporaryBeside(target);
  const previous = previousBeside(target);
  try {
    await recoverFolder(target, { fileSystem });
    await removeStaleTemporaries(fileSystem, target);
    await fileSystem.makeFolder(temporary);
    const result = await fill(temporary);
    await syncTree(fileSystem, temporary);
    const replaces = await isFolder(target);
    if (replaces) await fileSystem.rename(target, previous);
    try {
      await fileSystem.rename(temporary, target);
    } catch (error) {
      if (replaces) await fileSystem.rename(previous, target);
      throw error;
    }
    try {
      // The new name has to be on the disk before the old folder goes.
      await fileSystem.sync(folderOf(target));
    } finally {
      if (replaces) await removeQuietly(fileSystem, previous);
    }
    return result;
  } catch (error) {
    const bytesWritten = isDiskFull(error) ? await sizeOfTree(temporary) : 0;
    await removeQuietly(fileSystem, temporary);
    if (error instanceof DiskFullError && error.path.startsWith(temporary)) {
      // The file's own message, but by the name under which the user knows it.
      const path = target + error.path.slice(temporary.length);
      throw new DiskFullError(path, error.bytesNeeded, error.bytesWritten, { cause: error });
    }
    if (isDiskFull(error)) throw new DiskFullError(target, options.bytesNeeded, bytesWritten, { cause: error });
    throw error;
  }
}

/**
 * Puts a folder back that a crash during {@link writeFolderAtomic} left under its temporary name, or clears the old
 * copy away when the new folder is in place. Call it before reading a folder that must be there, such as a checkpoint.
 */
export async function recoverFolder(path: string, options: Pick<WriteOptions, "fileSystem"> = {}): Promise<void> {
  const fileSystem = options.fileSystem ?? denoFileSystem;
  const target = path.replace(/[/\\]+$/, "");
  const previous = previousBeside(target);
  if (!await isFolder(previous)) return;
  if (await isFolder(target)) await fileSystem.remove(previous);
  else await fileSystem.rename(previous, target);
}

/** Writes all of `bytes`: a single write may take less than it was given. */
export async function writeAll(file: WritableFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await file.write(bytes.subarray(offset));
  }
}

/** Whether there is a folder at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Whether a path is a file. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Flushes every file in a folder, and the names. */
export async function syncTree(fileSystem: FileSystem, folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await syncTree(fileSystem, path);
    else if (entry.isFile) await fileSystem.sync(path);
  }
  await fileSystem.sync(folder);
}

/** Bytes of all files in a folder, as far as they can be seen. */
export async function sizeOfTree(folder: string): Promise<number> {
  let size = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      size += entry.isDirectory ? await sizeOfTree(path) : (await Deno.lstat(path)).size;
    }
  } catch {
    // Only for the message of an error that is about to be thrown.
  }
  return size;
}

/** Clean-up after a failure must not hide the failure. */
export async function removeQuietly(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch {
    // The error that brought us here is the one to tell.
  }
}
