/**
 * Models and files from the Hugging Face hub, kept in a cache.
 *
 * Not by @huggingface/hub, which was tried (2.17.5): a download that was cut off begins again from nothing, there is no
 * progress, and a file that came too short is kept as good. Half a gigabyte over a weak line deserves better.
 *
 * @module
 */
import { z } from "zod";
import { denoFileSystem, type FileSystem, isFolder } from "../files/mod.ts";
import { defaultCacheFolder, readRecord, withLock, writeRecord } from "./hub/cache.ts";
import { atMostTwo, type DownloadProgress, fetchAll } from "./hub/fetch_all.ts";
import { describeFile, type RemoteFile } from "./hub/fetch_file.ts";
import { type HubConnection, HubError, request, type Subject, Watchdog, withRetries } from "./hub/request.ts";

export { type DownloadProgress } from "./hub/fetch_all.ts";
export { HubError } from "./hub/request.ts";

export interface HubOptions {
  /** Branch, tag or commit. Default "main". */
  revision?: string;
  /** Default: KILN_CACHE, or `~/.cache/kiln/hub`. */
  cacheFolder?: string;
  /** For private and gated repositories. Default: HF_TOKEN. */
  token?: string;
  signal?: AbortSignal;
  /** Called at most ten times a second, and when a file is done. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Asks the hub whether the revision has changed, although everything is in the cache. Default false. */
  refresh?: boolean;
  /** Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
  /**
   * Tries in a row without progress (default 5), first wait between them (500 ms), and silence that counts as broken
   * (60 s).
   */
  patience?: { attempts?: number; firstDelayMs?: number; stallMs?: number };
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
  options: HubOptions & { repoType?: "model" | "dataset" } = {},
): Promise<string> {
  const { repoType = "model" } = options;
  if (!isRepoName(repo)) {
    throw new HubError("notFound", `${JSON.stringify(repo)} is not a name on the hub, such as openai/gsm8k.`);
  }
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

interface Repo {
  hub: HubConnection;
  subject: Subject;
  /** Address of its files and of what the hub knows about it. */
  filesUrl: string;
  apiUrl: string;
  /** Its folder in the cache. */
  folder: string;
}

function openRepo(repoType: "model" | "dataset", name: string, options: HubOptions): Repo {
  const endpoint = (options.endpoint ?? (Deno.env.get("HF_ENDPOINT") || "https://huggingface.co")).replace(/\/+$/, "");
  const { revision = "main", cacheFolder = defaultCacheFolder(), patience = {} } = options;
  const prefix = repoType === "dataset" ? "datasets/" : "";
  return {
    hub: {
      endpoint,
      token: options.token ?? (Deno.env.get("HF_TOKEN") || undefined),
      signal: options.signal,
      attempts: patience.attempts ?? 5,
      firstDelayMs: patience.firstDelayMs ?? 500,
      stallMs: patience.stallMs ?? 60_000,
    },
    subject: { repo: `${repoType} ${name}`, page: `${endpoint}/${prefix}${name}`, revision },
    filesUrl: `${endpoint}/${prefix}${name}/resolve`,
    apiUrl: `${endpoint}/api/${repoType}s/${name}`,
    folder: `${cacheFolder}/${repoType}s--${name.replace("/", "--")}`,
  };
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

/** `owner/name`, or the bare name of an old repository. */
function isRepoName(text: string): boolean {
  return /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(text) && !text.includes("..") && !text.includes("--");
}

function isInside(path: string): boolean {
  return path !== "" && !path.includes("\\") &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
