/**
 * Files on disk that are never half-written, and JSON Lines.
 *
 * @module
 */
export {
  type FileContents,
  folderOf,
  recoverFolder,
  writeAll,
  writeFileAtomic,
  writeFolderAtomic,
  type WriteOptions,
} from "./atomic.ts";
export { writeFilesTogether } from "./together.ts";
export { DiskFullError, isDiskFull } from "./disk_full.ts";
export { denoFileSystem, type FileSystem, type WritableFile } from "./file_system.ts";
export { eachJsonl, JsonlError, type JsonlRows, type JsonlWriter, jsonlWriter, readJsonl } from "./jsonl.ts";
