/** Finding a run's checkpoints, and keeping only some of them. */
import { denoFileSystem, type FileSystem, recoverFolder } from "../../files/mod.ts";
import { verifyManifest } from "./manifest.ts";

/** A checkpoint's folder. */
export interface FoundCheckpoint {
  path: string;
  step: number;
}

/** `checkpoint-500`, as transformers names them. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

/** All checkpoints in a folder, oldest first, whole or not; none when the folder does not exist. */
export async function listCheckpoints(outputDir: string): Promise<FoundCheckpoint[]> {
  const found: FoundCheckpoint[] = [];
  for (const name of await namesIn(outputDir)) {
    const match = /^checkpoint-(\d+)$/.exec(name);
    if (match) found.push({ path: `${outputDir}/${name}`, step: Number(match[1]) });
  }
  return found.sort((a, b) => a.step - b.step);
}

/**
 * The newest checkpoint that is whole.
 *
 * @param onBroken Told about newer ones that are not, and why.
 */
export async function findCheckpoint(
  outputDir: string,
  onBroken: (checkpoint: FoundCheckpoint, problem: string) => void = () => {},
): Promise<FoundCheckpoint | null> {
  for (const name of await namesIn(outputDir)) {
    // A crash while a checkpoint was being replaced left it under another name.
    const match = /^\.(checkpoint-\d+)\.previous$/.exec(name);
    if (match) await recoverFolder(`${outputDir}/${match[1]}`);
  }
  for (const checkpoint of (await listCheckpoints(outputDir)).reverse()) {
    const problem = await verifyManifest(checkpoint.path);
    if (problem === null) return checkpoint;
    onBroken(checkpoint, problem);
  }
  return null;
}

/** Removes all but the newest `limit` checkpoints, and `keep`. */
export async function removeOldCheckpoints(
  outputDir: string,
  { limit, keep, fileSystem = denoFileSystem }: { limit: number; keep: readonly number[]; fileSystem?: FileSystem },
): Promise<void> {
  const checkpoints = await listCheckpoints(outputDir);
  for (const { path, step } of checkpoints.slice(0, Math.max(0, checkpoints.length - limit))) {
    if (!keep.includes(step)) await fileSystem.remove(path);
  }
}

/** Removes what a killed run left half-written. No other run may be writing to the folder. */
export async function clearTemporaries(outputDir: string, fileSystem: FileSystem = denoFileSystem): Promise<void> {
  for (const name of await namesIn(outputDir)) {
    if (/^\.checkpoint-\d+\..*\.partial$/.test(name)) await fileSystem.remove(`${outputDir}/${name}`);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}
