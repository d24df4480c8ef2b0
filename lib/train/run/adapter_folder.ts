/** An adapter with its tokenizer, in one folder that can be handed on. */
import { type LoraAdapter, saveAdapter } from "../../adapters/mod.ts";
import { type FileSystem, writeFileAtomic } from "../../files/mod.ts";
import { carriesTables, type CausalLM } from "../../models/mod.ts";
import { completeTokenizerFiles, type Tokenizer } from "../../tokenizer/mod.ts";

/** The files that PEFT, transformers and vLLM look for beside each other. */
export const ADAPTER_FOLDER_FILES = [
  "adapter_model.safetensors",
  "adapter_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
] as const;

/** What goes into the folder. */
export interface AdapterFolderContents {
  model: CausalLM;
  adapter: LoraAdapter;
  /** Its chat template is the one that the adapter was trained with. */
  tokenizer: Tokenizer;
  /** What the adapter names as its base: a hub id or a folder. */
  baseModel: string;
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
}

/**
 * Saves the adapter as PEFT has it, and beside it the tokenizer with its chat template: six files, of which those that
 * the tokenizer's own folder lacked are made from what is known of it.
 *
 * @returns The six files with their sizes in bytes, as they are on the disk.
 * @throws When the tokenizer has no chat template, or the adapter carries tables with fewer rows than it has tokens, or {DiskFullError}
 */
export async function saveAdapterFolder(
  folder: string,
  { model, adapter, tokenizer, baseModel, fileSystem }: AdapterFolderContents,
): Promise<{ file: string; bytes: number }[]> {
  if (tokenizer.chatTemplate === undefined) {
    throw new Error("the tokenizer has no chat template: give it the one of the training with withChatTemplate()");
  }
  if (carriesTables(adapter)) tokenizer.assertFits(model.config.vocabSize);
  await saveAdapter(model, adapter, folder, { baseModel, fileSystem });
  const files = completeTokenizerFiles(tokenizer);
  // Where generation stops is read with the tokenizer.
  const generation = tokenizer.files.get("generation_config.json");
  if (generation) files.set("generation_config.json", generation);
  for (const [name, bytes] of files) await writeFileAtomic(`${folder}/${name}`, bytes, { fileSystem });
  return await Promise.all(ADAPTER_FOLDER_FILES.map(async (file) => {
    const { size } = await Deno.stat(`${folder}/${file}`);
    if (size === 0) throw new Error(`${folder}/${file} is empty after it was written: is the disk sound?`);
    return { file, bytes: size };
  }));
}
