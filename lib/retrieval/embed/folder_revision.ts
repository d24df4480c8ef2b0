/** Which version of a model a folder holds. */
import { createHash } from "node:crypto";

/** What decides which vectors come out, wherever a model is run; documentation and pictures do not. */
const DECISIVE = [
  "1_Pooling/config.json",
  "config.json",
  "config_sentence_transformers.json",
  "modules.json",
  "sentence_bert_config.json",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer_config.json",
];

/**
 * `sha256:` and the hash of a model folder's decisive files: settings, tokenizer and the weights.
 *
 * @param weights Paths of the weights in the folder.
 * @throws When a file of weights cannot be read; settings may be absent.
 */
export async function folderRevision(folder: string, weights: readonly string[]): Promise<string> {
  const total = createHash("sha256");
  for (const path of [...DECISIVE, ...weights].sort()) {
    const hash = await fileHash(`${folder}/${path}`, weights.includes(path));
    if (hash !== undefined) total.update(`${path}\0${hash}\n`);
  }
  return `sha256:${total.digest("hex")}`;
}

/** Names of the safetensors files that hold a folder's weights. */
export async function safetensorsFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name)) names.push(name);
  }
  return names;
}

async function fileHash(path: string, isNeeded: boolean): Promise<string | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !isNeeded) return undefined;
    throw new Error(`${path}: cannot be read (${(error as Error).message})`);
  }
  const hash = createHash("sha256");
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}
