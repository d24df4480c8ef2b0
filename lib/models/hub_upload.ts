/**
 * Folders to the Hugging Face hub, in one commit.
 *
 * Not by @huggingface/hub, which was tried (2.17.5, without Xet): it never asks the hub to verify what went up, tries
 * nothing again (a part that is answered with 503 or 429, or a connection that breaks, ends the upload, and so does an
 * address that has run out), goes on when its signal was aborted before it began, sends what the branch has already in a
 * commit of its own, and puts signed addresses into its messages.
 *
 * @module
 */
import { askForFates, commitFiles, headOf } from "./hub/commit.ts";
import { putLargeFiles } from "./hub/lfs.ts";
import { type HashedFile, hashFile, listUpload, readRange, type UploadFile } from "./hub/local_files.ts";
import { type ConnectionOptions, isHubId, isInside, openRepo, type Repo, type RepoType } from "./hub/repo.ts";
import { HubError } from "./hub/request.ts";
import { send, withoutToken } from "./hub/send.ts";

export { listUpload, type UploadFile } from "./hub/local_files.ts";
export { pathFilter } from "./hub/patterns.ts";

/** How far an upload is. */
export interface UploadProgress {
  /** Files are read for their hashes, large ones are sent, and then all are committed. */
  phase: "hashing" | "uploading" | "committing";
  file: string;
  /** Of this phase. What the hub has already counts as sent. */
  bytes: number;
  totalBytes: number;
}

/** How to upload. The token needs the right to write. */
export interface UploadOptions extends ConnectionOptions {
  /** Default "model". */
  repoType?: RepoType;
  /**
   * Whether a repository that is made now is private. Default: as its owner's settings say, which is public unless they were
   * changed. With `true`, a repository that is there and public is refused.
   */
  private?: boolean;
  /** The branch, made from `main` when absent. Default "main". */
  revision?: string;
  /** Default "Upload by Kiln". */
  commitMessage?: string;
  /** Called when a phase begins and when it is done, and at most ten times a second between. */
  onProgress?: (progress: UploadProgress) => void;
}

/** What became of an upload. */
export interface UploadResult {
  /** The repository's page. */
  page: string;
  /** The commit that has the files: the new one, or the branch's newest where nothing had changed. */
  commit: string | undefined;
  commitUrl: string;
  /** Paths that the commit brought, and those of them whose bytes went to the storage of large files. */
  committed: string[];
  sent: string[];
  /** Paths that the branch had as they are, and those that the repository's .gitignore leaves out. */
  unchanged: string[];
  ignored: string[];
}

/**
 * Uploads a folder's files to a repository, which is made when absent: small ones inside the commit, large ones through Git
 * LFS, and what the hub has already not at all. Files that are in the repository only stay there. Everything becomes visible
 * in one commit at the end, or nothing does: after a failure the branch is as it was. Running it again sends only the large
 * files that had not arrived.
 *
 * @param repo such as `owner/name`
 * @param options.include patterns such as `*.safetensors`; a star stands for slashes too. Default: all but hidden files
 * @throws {HubError} when there is no token or it may not write, the hub refuses something, a file changes meanwhile, or the
 * network fails. No message holds the token
 */
export async function uploadFolder(
  folder: string,
  repo: string,
  options: UploadOptions & { include?: readonly string[]; exclude?: readonly string[] } = {},
): Promise<UploadResult> {
  const files = await listUpload(folder, options);
  if (files.length === 0) throw new HubError("notFound", `${folder} has no files to upload.`);
  return await uploadFiles(files, repo, options);
}

/**
 * As {@link uploadFolder}, for files that lie anywhere or only in memory.
 *
 * @throws as {@link uploadFolder}
 */
export async function uploadFiles(
  files: readonly UploadFile[],
  name: string,
  options: UploadOptions = {},
): Promise<UploadResult> {
  const { repoType = "model", commitMessage = "Upload by Kiln", signal } = options;
  const repo = openRepo(repoType, name, options);
  checkUpload(repo, files);
  await checkContents(repo, files);
  const parent = await ensureBranch(repo, options.private);
  await checkCard(repo, files);
  const tell = teller(options.onProgress);

  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const hashed: HashedFile[] = [];
  let bytes = 0;
  tell({ phase: "hashing", file: files[0].path, bytes, totalBytes }, true);
  for (const file of files) {
    const onBytes = (more: number) => tell({ phase: "hashing", file: file.path, bytes: bytes += more, totalBytes });
    hashed.push(await hashFile(file, signal, onBytes));
  }
  tell({ phase: "hashing", file: files.at(-1)!.path, bytes, totalBytes }, true);

  const fates = await askForFates(repo, hashed);
  const large = hashed.filter(({ path }) => {
    const { isLarge, isUnchanged, isIgnored } = fates.get(path)!;
    return isLarge && !isUnchanged && !isIgnored;
  });
  const sizes = new Map<string, number>();
  const largeBytes = [...new Map(large.map((file) => [file.sha256, file])).values()]
    .reduce((sum, file) => sum + file.bytes, 0);
  if (large.length > 0) tell({ phase: "uploading", file: large[0].path, bytes: 0, totalBytes: largeBytes }, true);
  const sent = await putLargeFiles(repo, large, ({ path, sha256, bytes: fileBytes }, there) => {
    sizes.set(sha256, there);
    const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    tell({ phase: "uploading", file: path, bytes: all, totalBytes: largeBytes }, there === fileBytes);
  });

  const { commit, url, paths } = await commitFiles(repo, hashed, { fates, parent, message: commitMessage });
  tell({ phase: "committing", file: files.at(-1)!.path, bytes: totalBytes, totalBytes }, true);
  const those = (is: "isUnchanged" | "isIgnored") => hashed.flatMap(({ path }) => fates.get(path)![is] ? [path] : []);
  const { page } = repo.subject;
  return {
    page,
    commit,
    commitUrl: url ?? (commit === undefined ? page : `${page}/commit/${commit}`),
    committed: paths,
    sent,
    unchanged: those("isUnchanged"),
    ignored: those("isIgnored"),
  };
}

function checkUpload({ hub, name, subject }: Repo, files: readonly UploadFile[]): void {
  if (!isHubId(name)) {
    throw new HubError("refused", `${JSON.stringify(name)} is not the name of a repository; expected owner/name.`);
  }
  if (hub.token === undefined) {
    throw new HubError(
      "denied",
      `Uploading to ${subject.repo} needs a token that may write: make one at ${hub.endpoint}/settings/tokens and set it as HF_TOKEN.`,
    );
  }
  const { protocol, hostname } = new URL(hub.endpoint);
  if (protocol !== "https:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) {
    throw new HubError("denied", `${hub.endpoint} is not https: the token would travel where others can read it.`);
  }
  const seen = new Set<string>();
  for (const { path } of files) {
    const why = seen.has(path)
      ? "is there twice"
      : isInside(path)
      ? undefined
      : "is not the path of a file in a repository";
    if (why !== undefined) throw new HubError("refused", `${JSON.stringify(path)} ${why}.`);
    seen.add(path);
  }
}

/** Files that people write, and tools: a token can come into them. */
const MOST_TEXT_BYTES = 4 << 20;

/** What is published cannot be taken back: refuses files that hold a token of the hub, whosever it is. */
async function checkContents({ hub }: Repo, files: readonly UploadFile[]): Promise<void> {
  for (const file of files) {
    if (file.bytes > MOST_TEXT_BYTES) continue;
    hub.signal?.throwIfAborted();
    const text = await textOf(file);
    if (withoutToken(hub, text) === text && !/\bhf_[A-Za-z0-9]{30,}\b/.test(text)) continue;
    throw new HubError(
      "refused",
      `${file.path} holds a token of the hub. Nothing was sent; remove it from the file, and revoke it if it was shown.`,
    );
  }
}

/** Asks the hub whether it can read the head of the model card, before anything large is sent. */
async function checkCard(repo: Repo, files: readonly UploadFile[]): Promise<void> {
  const card = files.find(({ path }) => path === "README.md");
  if (card === undefined) return;
  const { hub, subject, type } = repo;
  try {
    await send(hub, subject, {
      method: "POST",
      url: `${hub.endpoint}/api/validate-yaml`,
      json: { content: await textOf(card), repoType: type },
      // A hub that cannot say so is not asked.
      accept: [404, 405, 501],
    });
  } catch (error) {
    if (!(error instanceof HubError) || error.kind !== "refused") throw error;
    throw new HubError("refused", `README.md: ${error.message} Mend the lines between its two "---".`);
  }
}

async function textOf(file: UploadFile): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of readRange(file, 0, file.bytes)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** Makes the repository and the branch where they are absent. @returns the branch's newest commit */
async function ensureBranch(repo: Repo, isPrivate: boolean | undefined): Promise<string | undefined> {
  const { hub, subject, apiUrl, name, type } = repo;
  const main: Repo = { ...repo, subject: { ...subject, revision: "main" } };
  let head = await headOf(main);
  if (head === undefined) {
    const [organization, ownName] = name.split("/");
    await send(hub, subject, {
      method: "POST",
      url: `${hub.endpoint}/api/repos/create`,
      json: {
        name: ownName,
        organization,
        type,
        ...(isPrivate === undefined ? {} : { visibility: isPrivate ? "private" : "public" }),
      },
      // Somebody else has just made it.
      accept: [409],
    });
    head = await headOf(main);
  }
  if (isPrivate && !head?.isPrivate) {
    throw new HubError(
      "refused",
      `${subject.repo} is there already and public (${subject.page}), and it was to be private.`,
    );
  }
  if (subject.revision === "main") return head?.commit;
  try {
    return (await headOf(repo))?.commit;
  } catch (error) {
    if (!(error instanceof HubError) || error.kind !== "notFound") throw error;
    const url = `${apiUrl}/branch/${encodeURIComponent(subject.revision)}`;
    await send(hub, subject, { method: "POST", url, json: {}, accept: [409] });
    return (await headOf(repo))?.commit;
  }
}

/** Calls at most ten times a second, and when it must. */
function teller(onProgress: UploadOptions["onProgress"]): (progress: UploadProgress, always?: boolean) => void {
  let lastTold = -Infinity;
  return (progress, always = false) => {
    const now = performance.now();
    if (!always && now - lastTold < 100) return;
    lastTold = now;
    onProgress?.(progress);
  };
}
