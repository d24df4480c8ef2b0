import { isFolder, removeQuietly, sizeOfTree, syncTree, writeFolderAtomic, type WriteOptions } from "./atomic.ts";
import { DiskFullError, isDiskFull } from "./disk_full.ts";
import { denoFileSystem } from "./file_system.ts";
import { removeStaleTemporaries, temporaryBeside } from "./temporary.ts";

/**
 * Writes several files that belong together, such as weights and their configuration, into a folder that may hold
 * other files too. `fill` gets the path of a temporary folder and writes there; when it returns, its files take their
 * places in `folder`, which is made if needed. Until then `folder` is as it was. Earlier files of the same names are
 * moved away before the first new one comes, so that a crash in that instant leaves files missing, which readers
 * notice, and never old and new ones mixed, which they would not.
 *
 * @param options.supersedes says which files of `folder`, by name, go when the new ones come, though none has their name
 * @returns what `fill` returned
 * @throws {DiskFullError} when the disk is full; as after every failure, `folder` holds what it held before
 */
export async function writeFilesTogether<T>(
  folder: string,
  fill: (temporaryPath: string) => Promise<T>,
  options: Pick<WriteOptions, "fileSystem"> & { supersedes?: (name: string) => boolean } = {},
): Promise<T> {
  const { fileSystem = denoFileSystem, supersedes = () => false } = options;
  const target = folder.replace(/(?<=.)[/\\]+$/, "");
  if (!await isFolder(target)) return await writeFolderAtomic(target, fill, { fileSystem });

  const temporary = temporaryBeside(`${target}/files`);
  const [coming, leaving] = [`${temporary}/new`, `${temporary}/old`];
  const moved: [from: string, to: string][] = [];
  const move = async (from: string, to: string) => {
    await fileSystem.rename(from, to);
    moved.push([from, to]);
  };
  try {
    await fileSystem.makeFolder(coming);
    await fileSystem.makeFolder(leaving);
    const result = await fill(coming);
    await syncTree(fileSystem, coming);
    const names = await namesIn(coming);
    const old = (await namesIn(target)).filter((name) => names.includes(name) || supersedes(name));
    for (const name of old) await move(`${target}/${name}`, `${leaving}/${name}`);
    for (const name of names) await move(`${coming}/${name}`, `${target}/${name}`);
    await fileSystem.sync(target);
    await removeQuietly(fileSystem, temporary);
    // Only now: what a killed process moved away may have been the last copy of a file.
    await removeStaleTemporaries(fileSystem, `${target}/files`);
    return result;
  } catch (error) {
    const bytesWritten = isDiskFull(error) ? await sizeOfTree(coming) : 0;
    for (const [from, to] of moved.reverse()) await fileSystem.rename(to, from);
    await removeQuietly(fileSystem, temporary);
    if (error instanceof DiskFullError && error.path.startsWith(coming)) {
      // The file's own message, but by the name under which the user knows it.
      const path = target + error.path.slice(coming.length);
      throw new DiskFullError(path, error.bytesNeeded, error.bytesWritten, { cause: error });
    }
    if (isDiskFull(error)) throw new DiskFullError(target, undefined, bytesWritten, { cause: error });
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names;
}
