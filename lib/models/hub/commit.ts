import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { z } from "zod";
import { changedMeanwhile, type HashedFile, readRange } from "./local_files.ts";
import type { Repo } from "./repo.ts";
import { HubError, sleep } from "./request.ts";
import { type Message, readJson, send } from "./send.ts";

/** What the hub makes of a file. */
export interface FileFate {
  /** Large files go through Git LFS, others into the commit itself. */
  isLarge: boolean;
  /** The branch has it as it is. */
  isUnchanged: boolean;
  /** The repository's .gitignore leaves it out. */
  isIgnored: boolean;
}

const preuploadSchema = z.object({
  files: z.array(z.object({
    path: z.string(),
    uploadMode: z.enum(["lfs", "regular"]),
    shouldIgnore: z.boolean().optional(),
    oid: z.string().nullish(),
  })),
});

/** Asks the hub which files are large, and which the branch has already. */
export async function askForFates(repo: Repo, files: readonly HashedFile[]): Promise<Map<string, FileFate>> {
  const fates = new Map<string, FileFate>();
  for (let at = 0; at < files.length; at += 256) {
    const group = files.slice(at, at + 256);
    const message: Message = {
      method: "POST",
      url: `${repo.apiUrl}/preupload/${encodeURIComponent(repo.subject.revision)}`,
      json: {
        files: group.map(({ path, bytes, sample }) => ({
          path,
          size: bytes,
          sample: Buffer.from(sample).toString("base64"),
        })),
      },
    };
    const told = readJson(await send(repo.hub, repo.subject, message), preuploadSchema, message);
    const found = new Map(told.files.map((each) => [each.path, each]));
    for (const { path, bytes, sha256, gitOid } of group) {
      const each = found.get(path);
      if (each === undefined) throw new HubError("protocol", `${repo.hub.endpoint} says nothing about ${path}.`);
      // Storage takes no empty objects.
      const isLarge = each.uploadMode === "lfs" && bytes > 0;
      const isUnchanged = each.oid != null && (each.oid === sha256 || each.oid === gitOid);
      fates.set(path, { isLarge, isUnchanged, isIgnored: each.shouldIgnore ?? false });
    }
  }
  return fates;
}

const headSchema = z.object({ sha: z.string().nullish(), private: z.boolean().optional() });

/**
 * The newest commit of the branch. Undefined when the hub has no such repository, or shows none: to those who may not see it
 * it answers 401 or 404 alike.
 *
 * @throws {HubError} when there is the repository and no such branch, or the token is not valid
 */
export async function headOf(repo: Repo): Promise<{ commit: string | undefined; isPrivate: boolean } | undefined> {
  const { hub, subject, apiUrl } = repo;
  const message: Message = {
    method: "GET",
    url: `${apiUrl}/revision/${encodeURIComponent(subject.revision)}`,
    accept: [401, 404],
  };
  const answer = await send(hub, subject, message);
  const words = answer.headers.get("x-error-message") ?? answer.text;
  if (answer.headers.get("x-error-code") === "RevisionNotFound" || (answer.status === 401 && /invalid/i.test(words))) {
    // The error for an unknown branch, or a token that nobody knows.
    await send(hub, subject, { ...message, accept: [] });
  }
  if (answer.status !== 200) return undefined;
  const { sha, private: isPrivate = false } = readJson(answer, headSchema, message);
  return { commit: sha ?? undefined, isPrivate };
}

const commitSchema = z.object({ commitOid: z.string(), commitUrl: z.string().optional() });

/**
 * Makes one commit of all files that the branch does not have as they are. Others may commit meanwhile: it is made on top of
 * what they left. When the connection breaks before the hub's answer comes, the branch is asked whether the commit is there.
 *
 * @param parent the branch's newest commit when `fates` were asked for
 * @returns the commit, and the paths in it; none where there was nothing to commit
 */
export async function commitFiles(
  repo: Repo,
  files: readonly HashedFile[],
  { fates, parent, message: summary }: {
    fates: ReadonlyMap<string, FileFate>;
    parent: string | undefined;
    message: string;
  },
): Promise<{ commit: string | undefined; url: string | undefined; paths: string[] }> {
  const { hub, subject, apiUrl } = repo;
  const isLeft = (known: ReadonlyMap<string, FileFate>) => ({ path }: HashedFile) =>
    !known.get(path)!.isUnchanged && !known.get(path)!.isIgnored;
  const changed = files.filter(isLeft(fates));
  const paths = changed.map(({ path }) => path);
  let left = changed;
  for (let attempt = 1; left.length > 0; attempt++) {
    const lines = [{ key: "header", value: { summary, description: "", parentCommit: parent } }];
    const body = await ndjson(lines, left, fates);
    let problem: HubError;
    try {
      const message: Message = {
        method: "POST",
        url: `${apiUrl}/commit/${encodeURIComponent(subject.revision)}`,
        headers: { "content-type": "application/x-ndjson" },
        body,
        accept: [409, 412],
        repeatable: false,
      };
      const answer = await send(hub, subject, message);
      if (answer.status < 400) {
        const { commitOid, commitUrl } = readJson(answer, commitSchema, message);
        return { commit: commitOid, url: commitUrl, paths };
      }
      problem = new HubError(
        "refused",
        `Others commit to ${subject.revision} of ${subject.repo} all the while; nothing of this upload was committed. ` +
          "Run this again later.",
      );
    } catch (error) {
      if (!(error instanceof HubError) || !error.mayPass) throw error;
      problem = error;
    }
    if (attempt >= hub.attempts) throw problem;
    await sleep(Math.max(problem.retryAfterMs, hub.firstDelayMs * 2 ** (attempt - 1)), hub.signal);
    parent = (await headOf(repo))?.commit;
    left = files.filter(isLeft(await askForFates(repo, files)));
  }
  return { commit: parent, url: undefined, paths };
}

async function ndjson(
  lines: object[],
  files: readonly HashedFile[],
  fates: ReadonlyMap<string, FileFate>,
): Promise<Uint8Array<ArrayBuffer>> {
  const all = [...lines];
  for (const file of files) {
    const { path, sha256, bytes } = file;
    all.push(
      fates.get(path)!.isLarge
        ? { key: "lfsFile", value: { path, algo: "sha256", oid: sha256, size: bytes } }
        : { key: "file", value: { path, encoding: "base64", content: await base64Of(file) } },
    );
  }
  return new TextEncoder().encode(all.map((line) => JSON.stringify(line) + "\n").join(""));
}

async function base64Of(file: HashedFile): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readRange(file, 0, file.bytes)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (createHash("sha256").update(bytes).digest("hex") !== file.sha256) throw changedMeanwhile(file);
  return bytes.toString("base64");
}
