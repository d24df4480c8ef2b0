/** A file open for writing. */
export interface WritableFile {
  /** Writes some of `bytes` at the current position and says how many; may write less than asked. */
  write(bytes: Uint8Array): Promise<number>;
  /** Makes everything written so far survive a power cut. */
  sync(): Promise<void>;
  /** Cuts the file to `length` bytes; the next write goes to its end. */
  truncate(length: number): Promise<void>;
  close(): void;
}

/**
 * The operations on disk that crash-safe writing needs. Tests pass their own, to fail each operation in turn; everybody
 * else uses {@link denoFileSystem}.
 */
export interface FileSystem {
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<WritableFile>;
  /** Opens a file, created if absent, for writing at its end. */
  append(path: string): Promise<WritableFile>;
  /** Puts `from` in the place of `to`. A file may be replaced, a folder only when `to` does not exist. */
  rename(from: string, to: string): Promise<void>;
  /** Creates a folder and its parents; fine when they exist. */
  makeFolder(path: string): Promise<void>;
  /** Creates a folder that must not exist yet, in one that does: of several who try, one succeeds. */
  createFolder(path: string): Promise<void>;
  /** Removes a file or a whole folder; fine when it does not exist. */
  remove(path: string): Promise<void>;
  /** Makes the contents of a file, or the names inside a folder, survive a power cut. */
  sync(path: string): Promise<void>;
}

/** Appends with O_APPEND, so that a truncate and the write after it agree on where the end is. */
async function open(path: string, options: Deno.OpenOptions): Promise<WritableFile> {
  const file = await Deno.open(path, options);
  return {
    write: (bytes) => file.write(bytes),
    sync: () => file.sync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  };
}

/** The real disk. */
export const denoFileSystem: FileSystem = {
  create: (path) => open(path, { append: true, createNew: true }),
  append: (path) => open(path, { append: true, create: true }),
  rename: (from, to) => Deno.rename(from, to),
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  createFolder: (path) => Deno.mkdir(path),
  async remove(path) {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
  async sync(path) {
    // Windows cannot open a folder as a file; NTFS journals its names itself.
    if (Deno.build.os === "windows" && (await Deno.stat(path)).isDirectory) return;
    const file = await Deno.open(path, { read: true });
    try {
      await file.sync();
    } finally {
      file.close();
    }
  },
};
