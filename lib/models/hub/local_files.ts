import { createHash } from "node:crypto";
import { pathFilter } from "./patterns.ts";
import { HubError } from "./request.ts";

/** A file that goes up. */
export interface UploadFile {
  /** Its path in the repository. */
  path: string;
  bytes: number;
  /** Where it lies on the disk, or what is in it. */
  source: string | Uint8Array<ArrayBuffer>;
}

/** A file whose contents are known. */
export interface HashedFile extends UploadFile {
  sha256: string;
  /** Of the git object that it would be: how the hub names small files. */
  gitOid: string;
  /** The first 512 bytes, by which the hub tells text from other files. */
  sample: Uint8Array;
  /** When it was last written to, so that a change meanwhile is noticed. */
  modified: number | undefined;
}

/**
 * Lists what `uploadFolder` would send: all files under a folder, in the order of their paths, but hidden ones (`.git`,
 * `.cache`, what is half-written) and those that patterns leave out. Links to files count as files, links to folders are
 * not followed.
 *
 * @param options.include patterns such as `*.safetensors`; a star stands for slashes too. Default: all
 * @throws {HubError} when there is no such folder
 */
export async function listUpload(
  folder: string,
  options: { include?: readonly string[]; exclude?: readonly string[] } = {},
): Promise<UploadFile[]> {
  const isWanted = pathFilter(options);
  const files: UploadFile[] = [];
  const visit = async (inside: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${inside}`)) {
      if (name.startsWith(".")) continue;
      const path = `${inside}${name}`;
      if (isDirectory) {
        await visit(`${path}/`);
        continue;
      }
      const source = `${folder}/${path}`;
      const { isFile, size } = await Deno.stat(source);
      if (isFile && isWanted(path)) files.push({ path, bytes: size, source });
    }
  };
  try {
    await visit("");
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new HubError("notFound", `${folder}: ${(cause as Error).message}; expected a folder whose files go up.`);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Reads a file once, for both its hashes. */
export async function hashFile(
  file: UploadFile,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<HashedFile> {
  const modified = await modifiedAt(file);
  const sha256 = createHash("sha256");
  const git = createHash("sha1").update(`blob ${file.bytes}\0`);
  const sample = new Uint8Array(Math.min(512, file.bytes));
  let bytes = 0;
  for await (const chunk of readRange(file, 0, file.bytes)) {
    signal?.throwIfAborted();
    sha256.update(chunk);
    git.update(chunk);
    if (bytes < sample.length) sample.set(chunk.subarray(0, sample.length - bytes), bytes);
    bytes += chunk.length;
    onBytes(chunk.length);
  }
  return { ...file, sha256: sha256.digest("hex"), gitOid: git.digest("hex"), sample, modified };
}

/** @throws {HubError} when the file was written to since it was hashed */
export async function checkUnchanged(file: HashedFile): Promise<void> {
  if (await modifiedAt(file) === file.modified) return;
  throw changedMeanwhile(file);
}

/** The bytes of a file from `start` to before `end`, in pieces. @throws {HubError} when it has become shorter */
export async function* readRange({ path, source }: UploadFile, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (typeof source !== "string") {
    for (let at = start; at < end; at += PIECE) yield source.subarray(at, Math.min(end, at + PIECE));
    return;
  }
  using file = await Deno.open(source);
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = start; at < end;) {
    // A new one each time: whoever got the last may not have sent it yet.
    const piece = new Uint8Array(Math.min(PIECE, end - at));
    const read = await file.read(piece);
    if (read === null) throw changedMeanwhile({ path });
    yield piece.subarray(0, read);
    at += read;
  }
}

const PIECE = 256 * 1024;

async function modifiedAt({ path, bytes, source }: UploadFile): Promise<number | undefined> {
  if (typeof source !== "string") return undefined;
  const { size, mtime } = await Deno.stat(source);
  if (size !== bytes) throw changedMeanwhile({ path });
  return mtime?.getTime();
}

/** The error for a file that is not what it was. */
export function changedMeanwhile({ path }: { path: string }): HubError {
  return new HubError(
    "refused",
    `${path} was written to while it was being uploaded. Nothing was committed: run this again.`,
  );
}
