/** Finding a run's checkpoints, and keeping only some of them. */
import { denoFileSystem, type FileSystem, recoverFolder, removeStaleTemporaries } from "../../files/mod.ts";
import { MANIFEST_FILE, verifyManifest } from "./manifest.ts";

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

/** Options of `findCheckpoint`. */
export interface FindCheckpointOptions {
  /** Told about newer ones that are not whole, and why. */
  onBroken?: (checkpoint: FoundCheckpoint, problem: string) => void;
  fileSystem?: FileSystem;
}

/** The newest checkpoint that is whole. One that a crash left under another name while it was replaced is put back first. */
export async function findCheckpoint(
  outputDir: string,
  { onBroken = () => {}, fileSystem = denoFileSystem }: FindCheckpointOptions = {},
): Promise<FoundCheckpoint | null> {
  for (const name of await namesIn(outputDir)) {
    const match = /^\.(checkpoint-\d+)\.previous$/.exec(name);
    if (match) await recoverFolder(`${outputDir}/${match[1]}`, { fileSystem });
  }
  for (const checkpoint of (await listCheckpoints(outputDir)).reverse()) {
    const problem = await verifyManifest(checkpoint.path);
    if (problem === null) return checkpoint;
    onBroken(checkpoint, problem);
  }
  return null;
}

/** Removes a checkpoint. Its manifest goes first: what a crash leaves of it is then known not to be whole. */
export async function removeCheckpoint(path: string, fileSystem: FileSystem = denoFileSystem): Promise<void> {
  await fileSystem.remove(`${path}/${MANIFEST_FILE}`);
  await fileSystem.remove(path);
}

/** Removes what killed runs left half-written. */
export async function clearTemporaries(outputDir: string, fileSystem: FileSystem = denoFileSystem): Promise<void> {
  const targets = (await namesIn(outputDir)).map((name) => /^\.(checkpoint-\d+)\..*\.partial$/.exec(name)?.[1]);
  for (const target of new Set(targets)) {
    if (target !== undefined) await removeStaleTemporaries(fileSystem, `${outputDir}/${target}`);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (error instanceof Deno.errors.NotADirectory) {
      throw new Error(`${folder} is a file: expected a folder for checkpoints`, { cause: error });
    }
    throw error;
  }
  return names;
}
