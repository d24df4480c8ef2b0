/** A model's folder from the hub, by Kiln's own hub code: resumable, checked, abortable, and from the cache without a network. */
import { basename } from "node:path";
import { downloadFile, HubError, type HubOptions, resolveModel } from "../../models/mod.ts";

/** How to reach the hub. */
export interface HubAccess
  extends Pick<HubOptions, "cacheFolder" | "token" | "endpoint" | "patience" | "refresh" | "signal" | "onProgress"> {
  /** Uses what is in the cache and no network. Default false. */
  localFilesOnly?: boolean;
}

/** A model in the cache. */
export interface HubFolder {
  folder: string;
  /** The commit that the revision was resolved to. */
  commit: string;
}

/**
 * Fetches some files of a repository, once, all of one commit.
 *
 * @param revision A commit, or a branch or tag, which is resolved with the first file.
 * @throws {HubError} When there is no such file, and without a network when something is not in the cache; the message names the
 *   model and says what to do.
 */
export async function fetchFiles(
  repository: string,
  revision: string,
  files: readonly string[],
  access: HubAccess,
): Promise<HubFolder> {
  return await withAdvice(repository, access, async (options) => {
    const [first, ...others] = files;
    const path = await downloadFile(repository, first, { ...options, revision });
    const folder = path.slice(0, -first.length - 1);
    const commit = basename(folder);
    for (const file of others) await downloadFile(repository, file, { ...options, revision: commit });
    return { folder, commit };
  });
}

/** The same for what Kiln's own engine reads: configuration, tokenizer and all safetensors. */
export async function fetchSafetensors(repository: string, revision: string, access: HubAccess): Promise<HubFolder> {
  return await withAdvice(repository, access, async (options) => {
    const folder = await resolveModel(repository, { ...options, revision });
    return { folder, commit: basename(folder) };
  });
}

async function withAdvice<T>(
  repository: string,
  { localFilesOnly = false, ...options }: HubAccess,
  fetch: (options: HubOptions) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const offline = new HubError(
    "network",
    `The model ${repository} is not in the cache, and localFilesOnly forbids to fetch it. Run this once with a network, or give a ` +
      "folder that holds the files. What ships with Kiln needs neither.",
  );
  try {
    // What is in the cache is found without looking at the signal; an aborted one stops everything that would ask the hub.
    return await fetch(localFilesOnly ? { ...options, refresh: false, signal: AbortSignal.abort(offline) } : options);
  } catch (error) {
    if (!(error instanceof HubError) || error.kind !== "network" || error === offline) throw error;
    const advice = `${error.message} What ships with Kiln, such as the embedder "kiln-embed", needs no network.`;
    throw new HubError("network", advice, error.mayPass, { cause: error });
  }
}
