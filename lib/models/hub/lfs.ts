import { z } from "zod";
import { atMostTwo } from "./fetch_all.ts";
import { checkUnchanged, type HashedFile } from "./local_files.ts";
import { LinkExpiredError, type Piece, putBytes } from "./put_bytes.ts";
import type { Repo } from "./repo.ts";
import { HubError, withRetries } from "./request.ts";
import { type Message, readJson, send, withoutToken } from "./send.ts";

/** Files of one question to the hub. */
const BATCH = 100;
/** New addresses that are asked for in a row for one file. */
const ADDRESSES = 3;

const actionSchema = z.object({ href: z.url(), header: z.record(z.string(), z.unknown()).optional() });
const batchSchema = z.object({
  objects: z.array(z.object({
    oid: z.string(),
    actions: z.object({ upload: actionSchema.optional(), verify: actionSchema.optional() }).optional(),
    error: z.object({ code: z.number(), message: z.string() }).optional(),
  })),
});
type Actions = { upload?: z.infer<typeof actionSchema>; verify?: z.infer<typeof actionSchema> };

/**
 * Puts large files into the repository's storage by Git LFS (its batch API, and the hub's own transfer in parts), two at
 * a time. What the storage has already is not sent. Nothing of it is seen until a commit names it.
 *
 * @param onBytes told of each file's bytes that are there, those that were there before included
 * @returns the paths of what was sent
 */
export async function putLargeFiles(
  repo: Repo,
  files: readonly HashedFile[],
  onBytes: (file: HashedFile, bytes: number) => void,
): Promise<string[]> {
  // Two files with the same contents are one object.
  const objects = [...new Map(files.map((file) => [file.sha256, file])).values()];
  const sent: string[] = [];
  for (let at = 0; at < objects.length; at += BATCH) {
    const group = objects.slice(at, at + BATCH);
    const actions = await askForAddresses(repo, group);
    await atMostTwo(group, repo.hub.signal, async (file, signal) => {
      const own = { ...repo, hub: { ...repo.hub, signal } };
      const wasSent = await putLargeFile(own, file, actions.get(file.sha256), (bytes) => onBytes(file, bytes));
      if (wasSent) sent.push(...files.filter(({ sha256 }) => sha256 === file.sha256).map(({ path }) => path));
    });
  }
  return sent.sort();
}

async function putLargeFile(
  repo: Repo,
  file: HashedFile,
  actions: Actions | undefined,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  for (let attempt = 1; actions?.upload !== undefined; attempt++) {
    try {
      const { href, header = {} } = actions.upload;
      const chunkSize = header.chunk_size;
      if (chunkSize === undefined) await putWhole(repo, file, href, header, onBytes);
      else await putParts(repo, file, href, header, Number(chunkSize), onBytes);
      await checkUnchanged(file);
      if (actions.verify !== undefined) await verify(repo, file, actions.verify.href);
      onBytes(file.bytes);
      return true;
    } catch (error) {
      if (!(error instanceof LinkExpiredError)) throw error;
      if (attempt >= ADDRESSES) {
        throw new HubError(
          "refused",
          `${repo.hub.endpoint} gave ${ADDRESSES} addresses for ${file.path}, and ${error.message}.`,
        );
      }
      onBytes(0);
      actions = (await askForAddresses(repo, [file])).get(file.sha256);
    }
  }
  onBytes(file.bytes);
  return false;
}

async function askForAddresses(repo: Repo, files: readonly HashedFile[]): Promise<Map<string, Actions | undefined>> {
  const { hub, subject } = repo;
  const message: Message = {
    method: "POST",
    url: `${repo.gitUrl}/info/lfs/objects/batch`,
    headers: LFS_HEADERS,
    json: {
      operation: "upload",
      transfers: ["basic", "multipart"],
      hash_algo: "sha256",
      ref: { name: subject.revision },
      objects: files.map(({ sha256, bytes }) => ({ oid: sha256, size: bytes })),
    },
  };
  const { objects } = readJson(await send(hub, subject, message), batchSchema, message);
  const found = new Map(objects.map((object) => [object.oid, object]));
  return new Map(files.map(({ path, sha256 }) => {
    const object = found.get(sha256);
    if (object === undefined) throw new HubError("protocol", `${hub.endpoint} says nothing about ${path}.`);
    if (object.error !== undefined) {
      throw new HubError(
        "refused",
        `${hub.endpoint} does not take ${path}: ${withoutToken(hub, object.error.message)} (${object.error.code}).`,
      );
    }
    return [sha256, object.actions];
  }));
}

const LFS_HEADERS = { accept: "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json" };

/** One piece: the whole file. */
async function putWhole(
  { hub, subject }: Repo,
  file: HashedFile,
  url: string,
  header: Record<string, unknown>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const headers = Object.fromEntries(Object.entries(header).filter(([, value]) => typeof value === "string")) as Record<
    string,
    string
  >;
  await withRetries(hub, () => {
    let bytes = 0;
    const piece = { url, headers, file, start: 0, end: file.bytes };
    return putBytes(hub, subject, piece, (more) => onBytes(bytes += more));
  });
}

/** The hub's own transfer: header `00001` and so on are the addresses of the parts, and the link itself completes them. */
async function putParts(
  { hub, subject }: Repo,
  file: HashedFile,
  completionUrl: string,
  header: Record<string, unknown>,
  chunkSize: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const urls = Object.entries(header).filter(([name]) => /^\d+$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b)).map(([, url]) => url);
  if (
    !(chunkSize > 0) || urls.length !== Math.ceil(file.bytes / chunkSize) ||
    !urls.every((url) => typeof url === "string")
  ) {
    throw new HubError(
      "protocol",
      `${hub.endpoint} gives ${urls.length} addresses of ${chunkSize} bytes for the ${file.bytes} of ${file.path}.`,
    );
  }
  const parts: { partNumber: number; etag: string }[] = [];
  for (const [at, url] of urls.entries()) {
    const start = at * chunkSize;
    const piece: Piece = { url: url as string, headers: {}, file, start, end: Math.min(file.bytes, start + chunkSize) };
    const etag = await withRetries(hub, () => {
      let bytes = start;
      return putBytes(hub, subject, piece, (more) => onBytes(bytes += more));
    });
    if (!etag) {
      throw new HubError("protocol", `The storage of ${hub.endpoint} gives no etag for a part of ${file.path}.`);
    }
    parts.push({ partNumber: at + 1, etag });
  }
  const { status } = await send(hub, subject, {
    method: "POST",
    url: completionUrl,
    headers: LFS_HEADERS,
    json: { oid: file.sha256, parts },
    withToken: false,
    accept: [400, 403, 404],
  });
  if (status >= 400) throw new LinkExpiredError(`completing ${file.path} is answered with ${status}`);
}

async function verify({ hub, subject }: Repo, { path, sha256, bytes }: HashedFile, url: string): Promise<void> {
  const json = { oid: sha256, size: bytes };
  const { status } = await send(hub, subject, {
    method: "POST",
    url,
    headers: LFS_HEADERS,
    json,
    accept: [400, 404, 422],
  });
  if (status < 400) return;
  throw new HubError(
    "damaged",
    `${path} did not arrive at ${hub.endpoint} as it was sent. Nothing was committed: run this again.`,
  );
}
