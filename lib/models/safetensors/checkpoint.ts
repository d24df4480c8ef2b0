import { isRecord, parseJsonObject, quote, SafetensorsError } from "./format.ts";
import { openSafetensors, type SafetensorsFile, type TensorSource } from "./read.ts";

/** The weights of a checkpoint that is one file. */
export const singleFile = "model.safetensors";
/** Says in which file each tensor of a checkpoint of several files is. */
export const indexFile = "model.safetensors.index.json";

/**
 * Opens the weights of a Hugging Face folder: `model.safetensors`, or the files that `model.safetensors.index.json`
 * names. All headers are checked now; tensors are read when asked for.
 *
 * @throws {SafetensorsError} when the folder has neither, a file is absent or broken, or a tensor of the index is not
 * in its file
 */
export async function openCheckpoint(folder: string): Promise<TensorSource> {
  const has = async (name: string) => {
    try {
      return (await Deno.stat(`${folder}/${name}`)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  };
  if (await has(singleFile)) return await openSafetensors(`${folder}/${singleFile}`);
  if (await has(indexFile)) return await openIndex(folder);
  const pickled = await has("pytorch_model.bin") || await has("pytorch_model.bin.index.json");
  throw new SafetensorsError(
    folder,
    `expected ${singleFile} or ${indexFile} in this folder.` +
      (pickled ? " It holds PyTorch pickles, which are not read: save the model as safetensors." : ""),
  );
}

async function openIndex(folder: string): Promise<TensorSource> {
  const path = `${folder}/${indexFile}`;
  return await openShards(folder, await Deno.readFile(path), (name) => openSafetensors(`${folder}/${name}`));
}

/**
 * Opens the weights that an index in memory names: {@link openCheckpoint} for folders that are not on a disk.
 *
 * @param folder for messages
 * @param index bytes of `model.safetensors.index.json`
 * @param open opens a file of the folder by its name, which has no path in it
 * @throws {SafetensorsError} when the index is broken, or a tensor is not in the file it is said to be in
 */
export async function openShards(
  folder: string,
  index: Uint8Array,
  open: (name: string) => Promise<SafetensorsFile>,
): Promise<TensorSource> {
  const path = `${folder}/${indexFile}`;
  const weightMap = parseIndex(path, index);
  const files = new Map<string, SafetensorsFile>();
  const fileOf = new Map<string, SafetensorsFile>();
  try {
    for (const [name, fileName] of weightMap) {
      const file = files.get(fileName) ?? await open(fileName);
      files.set(fileName, file);
      if (!file.has(name)) {
        throw new SafetensorsError(path, `tensor ${quote(name)} is not in ${fileName}, where it is said to be.`);
      }
      fileOf.set(name, file);
    }
  } catch (error) {
    for (const file of files.values()) file.close();
    throw error;
  }

  function of(name: string): SafetensorsFile {
    const file = fileOf.get(name);
    if (file === undefined) throw new SafetensorsError(path, `has no tensor ${quote(name)}.`);
    return file;
  }

  return {
    path: folder,
    // File by file, and inside each as its bytes lie: reading all of them in this order never seeks back.
    names: [...files.values()].flatMap((file) => file.names.filter((name) => fileOf.get(name) === file)),
    has: (name) => fileOf.has(name),
    info: (name) => of(name).info(name),
    read: async (name) => await of(name).read(name),
    readF32: async (name) => await of(name).readF32(name),
    close: () => files.forEach((file) => file.close()),
  };
}

/** The file of each tensor, all of them names without a path: an index must not reach outside its folder. */
function parseIndex(path: string, bytes: Uint8Array): [tensor: string, fileName: string][] {
  const map = parseJsonObject(path, bytes, "the index").weight_map;
  if (!isRecord(map) || Object.keys(map).length === 0) {
    throw new SafetensorsError(path, `weight_map is ${quote(map)}; expected {tensor: file}.`);
  }
  return Object.entries(map).map(([name, fileName]) => {
    if (typeof fileName === "string" && fileNamePattern.test(fileName)) return [name, fileName];
    throw new SafetensorsError(
      path,
      `tensor ${quote(name)} is said to be in ${
        quote(fileName)
      }; expected the name of a .safetensors file in this folder.`,
    );
  });
}

/** No folders, no control characters, and no longer than file systems take. */
// deno-lint-ignore no-control-regex -- a NUL in a path is an error of its own kind
const fileNamePattern = /^[^/\\\x00-\x1f]{1,200}\.safetensors$/;
