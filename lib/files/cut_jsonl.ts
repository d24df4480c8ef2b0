import type { ZodType } from "zod";
import type { WriteOptions } from "./atomic.ts";
import { namingDiskFull } from "./disk_full.ts";
import { denoFileSystem, type FileSystem } from "./file_system.ts";
import { eachRow } from "./jsonl.ts";

/** What {@link cutJsonl} found. */
export interface CutJsonl {
  /** Rows that stayed. */
  kept: number;
  /** Rows, whole or cut off by a crash, that went. */
  removed: number;
}

/**
 * Cuts a JSONL file before the first row that is not wanted, or before a last line that a crash cut off. Nothing happens
 * when there is no such row, or no file. The cut is one operation on the disk: a crash leaves the file as it was or as
 * it should be, and no room is needed on a full disk.
 *
 * @param schema what each row must be
 * @param isWanted called with each row until it says no
 * @throws {JsonlError} at a row before the cut that is not what `schema` expects; the file is then as it was
 */
export async function cutJsonl<T>(
  path: string,
  schema: ZodType<T>,
  isWanted: (row: T) => boolean,
  options: Pick<WriteOptions, "fileSystem"> = {},
): Promise<CutJsonl> {
  const { fileSystem = denoFileSystem } = options;
  let [kept, removed, length] = [0, 0, 0];
  let torn = false;
  try {
    for await (const { row, end } of eachRow(path, schema, () => torn = true)) {
      if (removed > 0 || !isWanted(row)) removed++;
      else [kept, length] = [kept + 1, end];
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kept: 0, removed: 0 };
    throw error;
  }
  if (torn) removed++;
  if (removed > 0) await namingDiskFull(path, () => cutFile(path, length, fileSystem));
  return { kept, removed };
}

async function cutFile(path: string, length: number, fileSystem: FileSystem): Promise<void> {
  const file = await fileSystem.append(path);
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    file.close();
  }
}
