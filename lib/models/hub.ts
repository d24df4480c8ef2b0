/**
 * Models and files from the Hugging Face hub, kept in a cache.
 *
 * Not by @huggingface/hub, which was tried (2.17.5): a download that was cut off begins again from nothing, there is no
 * progress, and a file that came too short is kept as good. Half a gigabyte over a weak line deserves better.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { denoFileSystem, type FileSystem, isFolder } from "../files/mod.ts";
import { defaultCacheFolder, readRecord, withLock, writeRecord } from "./hub/cache.ts";
import { atMostTwo, type DownloadProgress, fetchAll } from "./hub/fetch_all.ts";
import { describeFile, type RemoteFile } from "./hub/fetch_file.ts";
import { pathFilter } from "./hub/patterns.ts";
import { type ConnectionOptions, isInside, isRepoName, openRepo, type Repo, type RepoType } from "./hub/repo.ts";
import { HubError, request, Watchdog, withRetries } from "./hub/request.ts";

export { type DownloadProgress } from "./hub/fetch_all.ts";
export { HubError } from "./hub/request.ts";

/** How to download. The token is for private and gated repositories. */
export interface HubOptions extends ConnectionOptions {
  /** Branch, tag or commit. Default "main". */
  revision?: string;
  /** Default: KILN_CACHE, or `~/.cache/kiln/hub`. */
  cacheFolder?: string;
  /** Called at most ten times a second, and when a file is done. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Asks the hub whether the revision has changed, although everything is in the cache. Default false. */
  refresh?: boolean;
  /** The disk, unless a test says otherwise. */
  fileSystem?: FileSystem;
}

/**
 * Finds a model: a folder is given back as it is, a name such as `Qwen/Qwen2.5-0.5B-Instruct` is downloaded, once:
 * configuration, tokenizer and safetensors. After that it is used from the cache without a network, until `refresh` is
 * asked for.
 *
 * @returns the folder that holds the model
 * @throws {HubError} when the name is unknown, access is denied, the network fails, or the disk has too little room
 * @throws {DiskFullError} when the disk fills up meanwhile
 */
export async function resolveModel(nameOrFolder: string, options: HubOptions = {}): Promise<string> {
  if (await isFolder(nameOrFolder)) return nameOrFolder;
  if (!isRepoName(nameOrFolder)) {
    throw new HubError(
      "notFound",
      `There is no folder ${nameOrFolder}, and it is not a name on the hub, such as Qwen/Qwen2.5-0.5B-Instruct.`,
    );
  }
  const repo = openRepo("model", nameOrFolder, options);
  return await cached(repo, "model", options.refresh, async () => {
    const { sha, names } = await listFiles(repo);
    const wanted = filesOfModel(names);
    if (!wanted.includes("config.json") && !wanted.includes("adapter_config.json")) {
      throw new HubError("notFound", `${repo.subject.repo} has no config.json: it is not a model that can be loaded.`);
    }
    if (!wanted.some((name) => name.endsWith(".safetensors"))) {
      throw new HubError(
        "notFound",
        `${repo.subject.repo} has no .safetensors weights; other formats are not read. Look for a converted copy.`,
      );
    }
    return { commit: sha, remotes: await atMostTwo(wanted, repo.hub.signal, (path) => describe(repo, sha, path)) };
  }, options);
}

/**
 * Downloads one file of a repository, once.
 *
 * @param repo its name, such as `openai/gsm8k`
 * @param path of the file in it, such as `main/train-00000-of-00001.parquet`
 * @param options.repoType default "model"
 * @returns the path of the file in the cache
 * @throws as {@link resolveModel}
 */
export async function downloadFile(
  repo: string,
  path: string,
  options: HubOptions & { repoType?: RepoType } = {},
): Promise<string> {
  const { repoType = "model" } = options;
  checkRepoName(repo);
  if (!isInside(path)) {
    throw new HubError("notFound", `${JSON.stringify(path)} is not the path of a file in a repository.`);
  }
  const opened = openRepo(repoType, repo, options);
  const folder = await cached(opened, `file ${path}`, options.refresh, async () => {
    const remote = await describe(opened, opened.subject.revision, path);
    return { commit: remote.commit ?? opened.subject.revision.replace(/[^\w.-]/g, "_"), remotes: [remote] };
  }, options);
  return `${folder}/${path}`;
}

/**
 * Downloads a whole repository, or those of its files that patterns name, once.
 *
 * @param repo its name, such as `openai/gsm8k`
 * @param options.repoType default "model"
 * @param options.include patterns such as `*.parquet` or `main/*` (a star stands for slashes too). Default: all files
 * @param options.exclude patterns of files that are left out
 * @returns the folder that holds them, as the repository has them; other downloads of the same commit lie there too
 * @throws as {@link resolveModel}
 */
export async function downloadSnapshot(
  repo: string,
  options: HubOptions & { repoType?: RepoType; include?: readonly string[]; exclude?: readonly string[] } = {},
): Promise<string> {
  const { repoType = "model", include, exclude } = options;
  checkRepoName(repo);
  const opened = openRepo(repoType, repo, options);
  const patterns = include === undefined && exclude === undefined
    ? ""
    : `-${digest(JSON.stringify([include, exclude]))}`;
  return await cached(opened, `snapshot${patterns}`, options.refresh, async () => {
    const { sha, names } = await listFiles(opened);
    const wanted = names.filter(pathFilter({ include, exclude }));
    const outside = wanted.find((name) => !isInside(name));
    if (outside !== undefined) {
      throw new HubError(
        "protocol",
        `${opened.subject.repo} lists ${JSON.stringify(outside)}, which is no path of a file.`,
      );
    }
    if (wanted.length === 0) {
      const has = names.length === 0 ? "no files at all" : `such as ${names.slice(0, 3).join(", ")}`;
      throw new HubError("notFound", `No file of ${opened.subject.repo} is meant by these patterns; it has ${has}.`);
    }
    return {
      commit: sha,
      remotes: await atMostTwo(wanted, opened.hub.signal, (path) => describe(opened, sha, path)),
    };
  }, options);
}

/**
 * The name on the hub of a model: that name itself, or that of a folder in the cache of downloads. Undefined for other
 * folders, which nobody else can be sent to.
 *
 * @param options.cacheFolder default: KILN_CACHE, or `~/.cache/kiln/hub`
 */
export async function hubIdOf(
  nameOrFolder: string,
  { cacheFolder = defaultCacheFolder() }: { cacheFolder?: string } = {},
): Promise<string | undefined> {
  if (!await isFolder(nameOrFolder)) return isRepoName(nameOrFolder) ? nameOrFolder : undefined;
  try {
    const [folder, cache] = await Promise.all([nameOrFolder, cacheFolder].map((path) => Deno.realPath(path)));
    const inside = folder.startsWith(cache) ? folder.slice(cache.length).replaceAll("\\", "/") : "";
    return /^\/models--([^/]+)\//.exec(`${inside}/`)?.[1].replace("--", "/");
  } catch {
    // There is no cache.
    return undefined;
  }
}

function checkRepoName(repo: string): void {
  if (isRepoName(repo)) return;
  throw new HubError("notFound", `${JSON.stringify(repo)} is not a name on the hub, such as openai/gsm8k.`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Gives the folder of a finished download; or asks `plan` what to fetch, and fetches it. */
async function cached(
  repo: Repo,
  what: string,
  refresh: boolean | undefined,
  plan: () => Promise<{ commit: string; remotes: RemoteFile[] }>,
  options: HubOptions,
): Promise<string> {
  const recordPath = `${repo.folder}/refs/${encodeURIComponent(repo.subject.revision)}/${
    encodeURIComponent(what)
  }.json`;
  const find = async () => {
    const record = refresh ? undefined : await readRecord(repo.folder, recordPath);
    return record && `${repo.folder}/${record.commit}`;
  };
  return await find() ?? await withLock(repo.folder, repo.hub.signal, async () => {
    // Another process may have fetched it while this one waited.
    const found = await find();
    if (found !== undefined) return found;
    if (/^(1|true|yes|on)$/i.test(Deno.env.get("HF_HUB_OFFLINE") ?? "")) {
      throw new HubError(
        "network",
        `${repo.subject.repo} at ${repo.subject.revision} is not in the cache (${repo.folder}), and HF_HUB_OFFLINE says to stay ` +
          "off the network. Unset it, give a folder that holds the files, or copy the cache of a machine that has them.",
      );
    }
    const { commit, remotes } = await plan();
    if (!/^[\w.-]+$/.test(commit) || /^\.+$/.test(commit)) {
      throw new HubError("protocol", `${repo.hub.endpoint} gives ${JSON.stringify(commit)} as commit.`);
    }
    const folder = `${repo.folder}/${commit}`;
    const files = await fetchAll(repo.hub, remotes, folder, options.fileSystem ?? denoFileSystem, options.onProgress);
    await writeRecord(recordPath, { commit, files });
    return folder;
  });
}

const listSchema = z.object({ sha: z.string(), siblings: z.array(z.object({ rfilename: z.string() })) });

/** The commit of the revision, and the names of all files in it. */
async function listFiles({ hub, subject, apiUrl }: Repo): Promise<{ sha: string; names: string[] }> {
  const url = `${apiUrl}/revision/${encodeURIComponent(subject.revision)}`;
  return await withRetries(hub, async () => {
    const watchdog = new Watchdog(hub);
    try {
      const response = await request(hub, watchdog, url, subject, { method: "GET" });
      const { sha, siblings } = listSchema.parse(await response.json());
      return { sha, names: siblings.map(({ rfilename }) => rfilename) };
    } catch (cause) {
      if (cause instanceof HubError) throw cause;
      hub.signal?.throwIfAborted();
      throw new HubError("protocol", `${url} does not answer with the list of a repository's files: ${cause}`, true, {
        cause,
      });
    } finally {
      watchdog.stop();
    }
  });
}

function describe({ hub, subject, filesUrl }: Repo, revision: string, path: string): Promise<RemoteFile> {
  const url = `${filesUrl}/${encodeURIComponent(revision)}/${path.split("/").map(encodeURIComponent).join("/")}`;
  return describeFile(hub, url, { ...subject, path });
}

/** Of all files of a repository those that are read: nothing in other formats, and no folder. */
function filesOfModel(names: string[]): string[] {
  const fixed = new Set([
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "adapter_config.json",
    "adapter_model.safetensors",
  ]);
  const small = names.filter((name) => fixed.has(name));
  if (names.includes("model.safetensors")) return [...small, "model.safetensors"];
  if (!names.includes("model.safetensors.index.json")) return small;
  const shards = names.filter((name) =>
    /^[^/\\]+\.safetensors$/.test(name) && !fixed.has(name) && !name.startsWith("consolidated")
  );
  return [...small, "model.safetensors.index.json", ...shards];
}
