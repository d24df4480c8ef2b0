import { writeAll } from "./atomic.ts";
import { DiskFullError, isDiskFull } from "./disk_full.ts";
import { denoFileSystem, type FileSystem, type WritableFile } from "./file_system.ts";
import { folderOf } from "./temporary.ts";

/** A file that grows record by record. */
export interface FileAppender {
  readonly path: string;
  /**
   * Appends a record; when the promise is fulfilled it is with the operating system, so that a crash of this process
   * does not lose it. Calls may overlap: records are written in the order of the calls.
   *
   * @throws {DiskFullError} when the disk is full; no part of the record stays in the file
   */
  write(record: Uint8Array): Promise<void>;
  /** Flushes the file to disk and closes it. May be called again. */
  close(): Promise<void>;
}

/**
 * Appends to an open file.
 *
 * @param file the file; it belongs to the appender from now on
 * @param path its path
 * @param length its length in bytes
 */
export function appender(
  file: WritableFile,
  path: string,
  length: number,
  options: { fileSystem?: FileSystem } = {},
): FileAppender {
  const { fileSystem = denoFileSystem } = options;
  let closed = false;
  let broken: { error: unknown } | undefined;
  let previous: Promise<void> = Promise.resolve();

  async function append(record: Uint8Array): Promise<void> {
    if (broken) throw broken.error;
    try {
      await writeAll(file, record);
    } catch (error) {
      // Half a record may have been written: take it back, so that the file stays readable.
      try {
        await file.truncate(length);
      } catch {
        // Nothing may follow half a record.
        broken = { error };
      }
      if (isDiskFull(error)) throw new DiskFullError(path, length + record.length, length, { cause: error });
      throw error;
    }
    length += record.length;
  }

  return {
    path,
    write(record) {
      if (closed) return Promise.reject(new Error(`${path} is closed: nothing more can be written to it.`));
      const written = previous.then(() => append(record));
      previous = written.catch(() => {});
      return written;
    },
    async close() {
      if (closed) return;
      closed = true;
      await previous;
      try {
        await file.sync();
        await fileSystem.sync(folderOf(path));
      } catch (error) {
        if (isDiskFull(error)) throw new DiskFullError(path, length, length, { cause: error });
        throw error;
      } finally {
        file.close();
      }
    },
  };
}
