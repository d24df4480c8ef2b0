import { statfs } from "node:fs/promises";
import type { FileSystem } from "../../files/mod.ts";
import { fetchFile, type RemoteFile } from "./fetch_file.ts";
import { type HubConnection, HubError } from "./request.ts";

/** How far a download is. */
export interface DownloadProgress {
  /** The file that bytes came for. */
  file: string;
  fileBytes: number;
  /** Where the hub told it. */
  fileSize: number | undefined;
  /** Of all files of this download, those of an earlier run included. */
  bytes: number;
  totalBytes: number;
}

/** Fetches the files that are not there yet, two at a time. Gives the size of each. */
export async function fetchAll(
  hub: HubConnection,
  remotes: RemoteFile[],
  folder: string,
  fileSystem: FileSystem,
  onProgress: ((progress: DownloadProgress) => void) | undefined,
): Promise<Record<string, number>> {
  const sizes = new Map<string, number>();
  for (const { path, size } of remotes) {
    const there = await sizeOfFile(`${folder}/${path}`);
    if (there !== undefined && there === size) sizes.set(path, there);
  }
  const missing = remotes.filter(({ path }) => !sizes.has(path));
  await checkRoom(folder, missing.reduce((sum, { size = 0 }) => sum + size, 0));
  const totalBytes = remotes.reduce((sum, { size = 0 }) => sum + size, 0);
  let lastTold = -Infinity;
  await atMostTwo(missing, hub.signal, async (remote, signal) => {
    const tell = (fileBytes: number, isDone: boolean) => {
      sizes.set(remote.path, fileBytes);
      const now = performance.now();
      if (!isDone && now - lastTold < 100) return;
      lastTold = now;
      const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      onProgress?.({
        file: remote.path,
        fileBytes,
        fileSize: remote.size,
        bytes,
        totalBytes: Math.max(totalBytes, bytes),
      });
    };
    await fetchFile({ ...hub, signal }, remote, `${folder}/${remote.path}`, fileSystem, (bytes) => tell(bytes, false));
    tell(sizes.get(remote.path) ?? 0, true);
  });
  return Object.fromEntries(sizes);
}

/** Works on all items, two at a time. The first error stops the other and is thrown. */
export async function atMostTwo<T, R>(
  items: readonly T[],
  outer: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController();
  const signal = outer === undefined ? failed.signal : AbortSignal.any([outer, failed.signal]);
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      signal.throwIfAborted();
      const i = next++;
      try {
        results[i] = await work(items[i], signal);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled([worker(), worker()]);
  outer?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return results;
}

async function checkRoom(folder: string, bytesNeeded: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bytesNeeded <= bavail * bsize) return;
  throw new HubError(
    "disk",
    `Not enough room in ${folder}: ${gigabytes(bytesNeeded)} are needed, ${gigabytes(bavail * bsize)} are free. ` +
      "Free some space, or set KILN_CACHE to a folder on a larger disk.",
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
