import { z } from "zod";
import { folderOf, writeFileAtomic } from "../../files/mod.ts";
import { sleep } from "./request.ts";

/**
 * The cache: `<cache>/models--Qwen--Qwen2.5-0.5B/<commit>/<files>`, and beside the commits
 * `refs/<revision>/<what>.json`, which says what a finished download brought. Only with that record are files used
 * without asking the hub.
 */

/** Where downloads go unless told otherwise: KILN_CACHE, or `~/.cache/kiln/hub`. */
export function defaultCacheFolder(): string {
  const named = Deno.env.get("KILN_CACHE");
  if (named) return named;
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  return `${home}/.cache/kiln/hub`;
}

const recordSchema = z.object({
  commit: z.string().regex(/^[\w.-]+$/),
  /** Path and bytes of each file. */
  files: z.record(z.string(), z.int().nonnegative()),
});

/** What a finished download brought. */
export type DownloadRecord = z.infer<typeof recordSchema>;

/** The record of a finished download whose files are all still there, with their sizes. */
export async function readRecord(repoFolder: string, recordPath: string): Promise<DownloadRecord | undefined> {
  try {
    const record = recordSchema.parse(JSON.parse(await Deno.readTextFile(recordPath)));
    for (const [path, size] of Object.entries(record.files)) {
      if ((await Deno.stat(`${repoFolder}/${record.commit}/${path}`)).size !== size) return undefined;
    }
    return record;
  } catch (error) {
    // No record, a broken one, or a file is gone: all mean that there is something to fetch.
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError || error instanceof z.ZodError) {
      return undefined;
    }
    throw error;
  }
}

export async function writeRecord(recordPath: string, record: DownloadRecord): Promise<void> {
  await writeFileAtomic(recordPath, JSON.stringify(record, null, 2) + "\n");
}

/** Lets one process at a time, and one download in it, work on a folder. The lock goes with the process. */
export async function withLock<T>(folder: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const path = `${folder}/.lock`;
  await Deno.mkdir(folderOf(path), { recursive: true });
  const file = await Deno.open(path, { create: true, write: true });
  try {
    while (!await file.tryLock(true)) await sleep(100, signal);
    return await work();
  } finally {
    file.close();
  }
}
