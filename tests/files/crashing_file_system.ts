import { denoFileSystem, type FileSystem, type WritableFile } from "../../lib/files/mod.ts";

/** What a crashed process would not have lived to see. */
export class Crash extends Error {
  override name = "Crash";
}

/**
 * The real disk up to operation number `crashAt` (from 0), where the process "dies": that operation is half done (a write) or
 * not done, and no later one happens, not even clean-up. What is on disk then is what `kill -9` would have left.
 */
export function crashingFileSystem(crashAt: number): FileSystem & { operations(): number } {
  let count = 0;
  const step = () => {
    if (count >= crashAt) {
      count++;
      throw new Crash(`killed at operation ${crashAt}`);
    }
    count++;
  };
  const crashing = (file: WritableFile): WritableFile => ({
    async write(bytes) {
      if (count === crashAt) await file.write(bytes.subarray(0, bytes.length >> 1));
      step();
      return file.write(bytes);
    },
    sync: async () => (step(), await file.sync()),
    truncate: async (length) => (step(), await file.truncate(length)),
    close: () => file.close(),
  });
  return {
    operations: () => count,
    create: async (path) => (step(), crashing(await denoFileSystem.create(path))),
    append: async (path) => (step(), crashing(await denoFileSystem.append(path))),
    rename: async (from, to) => (step(), await denoFileSystem.rename(from, to)),
    createFolder: async (path) => (step(), await denoFileSystem.createFolder(path)),
    makeFolder: async (path) => (step(), await denoFileSystem.makeFolder(path)),
    remove: async (path) => (step(), await denoFileSystem.remove(path)),
    sync: async (path) => (step(), await denoFileSystem.sync(path)),
  };
}
