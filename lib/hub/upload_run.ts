/** A run's adapter or model to the hub, with what was measured. */
import { uploadFiles, type UploadOptions, type UploadResult } from "../models/mod.ts";
import { type CollectOptions, collectUpload } from "./collect_upload.ts";

/**
 * Uploads a run, or the folder of an adapter, a model or an export: the files that `collectUpload` lists, in one commit.
 *
 * @param repo such as `owner/name`, made when absent
 * @returns what became of it, and sentences about what was left out
 * @throws {Error} when there is nothing to upload, {HubError} as `uploadFolder`
 * @example
 * ```ts ignore
 * await uploadRun("outputs/01-grpo-gsm8k-001", "owner/grpo-gsm8k", { private: true });
 * ```
 */
export async function uploadRun(
  folder: string,
  repo: string,
  { baseModel, part, include, exclude, ...options }: UploadOptions & CollectOptions = {},
): Promise<UploadResult & { notes: string[] }> {
  const { files, notes } = await collectUpload(folder, { baseModel, part, include, exclude });
  if (files.length === 0) throw new Error(`${folder}: no file is meant by these patterns`);
  return { ...await uploadFiles(files, repo, options), notes };
}
