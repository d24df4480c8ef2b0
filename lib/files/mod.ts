/**
 * Files on disk that are never half-written, and JSON Lines.
 *
 * @module
 */
export {
  type FileContents,
  isFile,
  isFolder,
  recoverFolder,
  writeAll,
  writeFileAtomic,
  writeFolderAtomic,
  type WriteOptions,
} from "./atomic.ts";
export { appender, type FileAppender } from "./appender.ts";
export { type CutJsonl, cutJsonl } from "./cut_jsonl.ts";
export { checkFolderPath } from "./folder_path.ts";
export { folderOf, removeStaleTemporaries } from "./temporary.ts";
export { writeFilesTogether } from "./together.ts";
export { DiskFullError, isDiskFull, namingDiskFull } from "./disk_full.ts";
export { denoFileSystem, type FileSystem, type WritableFile } from "./file_system.ts";
export { eachJsonl, JsonlError, type JsonlRows, type JsonlWriter, jsonlWriter, readJsonl } from "./jsonl.ts";
