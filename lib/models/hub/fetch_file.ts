import { createHash } from "node:crypto";
import { DiskFullError, type FileSystem, folderOf, isDiskFull, writeAll } from "../../files/mod.ts";
import { type HubConnection, HubError, networkError, request, type Subject, Watchdog, withRetries } from "./request.ts";

/** A file of a repository at one commit. */
export interface RemoteFile {
  path: string;
  url: string;
  subject: Subject;
  /** The commit of the revision that was asked for, where the hub tells it. */
  commit: string | undefined;
  /** Changes with the contents. */
  etag: string;
  /** In bytes, where the hub tells it. */
  size: number | undefined;
  /** Of the contents, in hexadecimal: the hub knows it for large files. */
  sha256: string | undefined;
}

/** Asks the hub about a file without fetching it. */
export async function describeFile(hub: HubConnection, url: string, subject: Subject): Promise<RemoteFile> {
  return await withRetries(hub, async () => {
    const watchdog = new Watchdog(hub);
    try {
      const response = await request(hub, watchdog, url, subject, { method: "HEAD", stopAtOtherHost: true });
      await response.body?.cancel();
      const header = (name: string) => response.headers.get(name) ?? undefined;
      // A redirect's own length is that of its text, not of the file.
      const size = header("x-linked-size") ?? (response.status === 200 ? header("content-length") : undefined);
      const etag = (header("x-linked-etag") ?? header("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
      return {
        path: subject.path ?? "",
        url,
        subject,
        commit: header("x-repo-commit"),
        etag,
        size: size !== undefined && /^\d+$/.test(size) ? Number(size) : undefined,
        sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : undefined,
      };
    } finally {
      watchdog.stop();
    }
  });
}

/**
 * Fetches a file into `target`. Bytes are gathered beside it under a name that holds the etag, so that a later try, or
 * a later run, goes on where this one was cut off, but never with the rest of another version. The file gets its name
 * when size and SHA-256 are right.
 *
 * @param onBytes told how many bytes there are, those of an earlier run included
 * @throws {HubError} when the tries are used up; what arrived is kept
 * @throws {DiskFullError} when the disk is full; what arrived is kept
 */
export async function fetchFile(
  hub: HubConnection,
  remote: RemoteFile,
  target: string,
  fileSystem: FileSystem,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { etag, size, sha256, subject } = remote;
  const folder = folderOf(target);
  const stem = `.${target.slice(folder.length + 1)}.`;
  const partial = `${folder}/${stem}${etag.replace(/[^\w-]/g, "_").slice(0, 80)}.partial`;
  let received = 0;
  try {
    await fileSystem.makeFolder(folder);
    for await (const { name } of Deno.readDir(folder)) {
      // What is left of another version; not of `data.jsonl` when this is `data`.
      const isOther = name.startsWith(stem) && /^[\w-]*\.partial$/.test(name.slice(stem.length));
      if (isOther && `${folder}/${name}` !== partial) await fileSystem.remove(`${folder}/${name}`);
    }

    await withRetries(hub, async () => {
      received = await sizeOf(partial);
      // Without etag and size there is no telling whether the rest would fit.
      if (etag === "" || size === undefined || received > size) {
        await fileSystem.remove(partial);
        received = 0;
      }
      if (size === undefined || received < size || received === 0) {
        received = await fetchRest(hub, remote, partial, received, fileSystem, (bytes) => onBytes(received = bytes));
      }
      onBytes(received);
      if (size !== undefined && received < size) {
        throw networkError(hub, subject, new Error(`${remote.path} ended after ${received} of ${size} bytes`));
      }
      const found = sha256 === undefined ? undefined : await sha256Of(partial, hub.signal);
      if (found !== sha256 || (size !== undefined && received > size)) {
        await fileSystem.remove(partial);
        const problem = found === sha256
          ? `has more than ${size} bytes`
          : `has SHA-256 ${found}, the hub announced ${sha256}`;
        received = 0;
        throw new HubError(
          "damaged",
          `${remote.path} of ${subject.repo} came damaged: it ${problem}. Fetch it again.`,
          true,
        );
      }
    }, () => received);
    await fileSystem.sync(partial);
    await fileSystem.rename(partial, target);
    await fileSystem.sync(folder);
  } catch (error) {
    if (isDiskFull(error)) throw new DiskFullError(target, size, received, { cause: error });
    throw error;
  }
}

/** Appends what is missing to the partial file, and gives its length then. */
async function fetchRest(
  hub: HubConnection,
  { url, subject, size, path }: RemoteFile,
  partial: string,
  from: number,
  fileSystem: FileSystem,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const watchdog = new Watchdog(hub);
  let received = from;
  let response: Response | undefined;
  let chunks: AsyncIterableIterator<Uint8Array> | undefined;
  try {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    response = await request(hub, watchdog, url, subject, { method: "GET", headers });
    const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
    const continues = response.status === 206 && Number(range?.[1]) === from;
    if (response.status === 416 || (response.status === 206 && !continues)) {
      await fileSystem.remove(partial);
      throw new HubError(
        "damaged",
        `${path} of ${subject.repo} cannot be continued at byte ${from}. Fetch it again.`,
        true,
      );
    }
    const file = await fileSystem.append(partial);
    try {
      if (!continues) {
        await file.truncate(0);
        received = 0;
      }
      chunks = response.body?.values();
      const next = async () => {
        try {
          return await chunks?.next();
        } catch (cause) {
          throw networkError(hub, subject, cause);
        }
      };
      for (let chunk = await next(); chunk !== undefined && !chunk.done; chunk = await next()) {
        watchdog.heard();
        await writeAll(file, chunk.value);
        received += chunk.value.length;
        onBytes(received);
        // A server that never stops must not fill the disk.
        if (size !== undefined && received > size) break;
      }
    } finally {
      file.close();
    }
    return received;
  } finally {
    watchdog.stop();
    // Lets the connection go, also when not all of it was read.
    if (chunks !== undefined) await chunks.return?.();
    else await response?.body?.cancel();
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function sha256Of(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path, { read: true });
  for await (const chunk of file.readable) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex");
}
