import { denoFileSystem, type FileSystem, type WritableFile } from "../../lib/files/mod.ts";

/**
 * The real disk, of which the operation number `failAt` (from 0) fails as on a full disk; a failing write has written
 * half of its bytes before. Clean-up (close, remove, truncate) always works, as it does on a full disk.
 */
export function failingFileSystem(failAt: number): FileSystem & { operations(): number } {
  let count = 0;
  const full = () => Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  function step() {
    if (count++ === failAt) throw full();
  }
  function failing(file: WritableFile): WritableFile {
    return {
      async write(bytes) {
        if (count++ === failAt) {
          await file.write(bytes.subarray(0, bytes.length >> 1));
          throw full();
        }
        // A short write is not a failure: the rest must follow.
        return file.write(bytes.subarray(0, Math.max(1, bytes.length - 1)));
      },
      sync: () => (step(), file.sync()),
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  }
  return {
    operations: () => count,
    create: async (path) => (step(), failing(await denoFileSystem.create(path))),
    append: async (path) => (step(), failing(await denoFileSystem.append(path))),
    rename: async (from, to) => (step(), await denoFileSystem.rename(from, to)),
    makeFolder: async (path) => (step(), await denoFileSystem.makeFolder(path)),
    createFolder: async (path) => (step(), await denoFileSystem.createFolder(path)),
    remove: (path) => denoFileSystem.remove(path),
    sync: async (path) => (step(), await denoFileSystem.sync(path)),
  };
}
