import { defaultCacheFolder } from "./cache.ts";
import type { HubConnection, Subject } from "./request.ts";

/** Where the hub is, who asks, and how patient one is with it. */
export interface ConnectionOptions {
  /** Default: HF_TOKEN. */
  token?: string;
  signal?: AbortSignal;
  /** Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
  /**
   * Tries in a row without progress (default 5), first wait between them (500 ms), and silence that counts as broken
   * (60 s).
   */
  patience?: { attempts?: number; firstDelayMs?: number; stallMs?: number };
}

/** What a repository holds. */
export type RepoType = "model" | "dataset";

/** A repository on a hub, and its folder in the cache. */
export interface Repo {
  hub: HubConnection;
  subject: Subject;
  name: string;
  type: RepoType;
  /** Address of its files, of what the hub knows about it, and of its git repository. */
  filesUrl: string;
  apiUrl: string;
  gitUrl: string;
  /** Its folder in the cache. */
  folder: string;
}

/** A repository with its addresses. */
export function openRepo(
  type: RepoType,
  name: string,
  options: ConnectionOptions & { revision?: string; cacheFolder?: string },
): Repo {
  const endpoint = (options.endpoint ?? (Deno.env.get("HF_ENDPOINT") || "https://huggingface.co")).replace(/\/+$/, "");
  const { revision = "main", cacheFolder = defaultCacheFolder(), patience = {} } = options;
  const page = `${endpoint}/${type === "dataset" ? "datasets/" : ""}${name}`;
  return {
    hub: {
      endpoint,
      // From a file it comes with a line end, which the header has not: it would not be found where it must not stand.
      token: (options.token ?? Deno.env.get("HF_TOKEN"))?.trim() || undefined,
      signal: options.signal,
      attempts: patience.attempts ?? 5,
      firstDelayMs: patience.firstDelayMs ?? 500,
      stallMs: patience.stallMs ?? 60_000,
    },
    subject: { repo: `${type} ${name}`, page, revision },
    name,
    type,
    filesUrl: `${page}/resolve`,
    apiUrl: `${endpoint}/api/${type}s/${name}`,
    gitUrl: `${page}.git`,
    folder: `${cacheFolder}/${type}s--${name.replace("/", "--")}`,
  };
}

/** `owner/name`, or the bare name of an old repository. */
export function isRepoName(text: string): boolean {
  return /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(text) && !text.includes("..") && !text.includes("--");
}

/** Whether a text is a name with its owner's on the hub, `owner/name`, as uploads and adapters need it. */
export function isHubId(text: string): boolean {
  return isRepoName(text) && text.includes("/");
}

/** Whether a path stays inside the folder it is put in. */
export function isInside(path: string): boolean {
  return path !== "" && !path.includes("\\") && !path.includes("\0") &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
