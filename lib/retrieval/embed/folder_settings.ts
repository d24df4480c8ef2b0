/** What the files of a model's folder say about embedding with it. */
import { z } from "zod";
import { readJsonFile, readSentenceFiles } from "../../models/encoder/mod.ts";

/** How texts become vectors. */
export interface EmbedderSettings {
  pooling: "mean" | "cls";
  /** Tokens that are read of a text, with prefix and special tokens. */
  maxTokens: number;
  queryPrefix: string;
  passagePrefix: string;
}

/** What a folder tells; nothing is guessed. */
export interface FolderSettings extends Partial<EmbedderSettings> {
  /** Of config.json. */
  dimensions: number;
  /** Positions that the model has. */
  maxPositions: number | undefined;
}

const configFields = z.looseObject({
  hidden_size: z.int().positive(),
  max_position_embeddings: z.int().positive().nullish(),
});

/**
 * Reads config.json and, where they are, the files of sentence-transformers.
 *
 * @throws When a file is broken, or asks for a module or a pooling that Kiln does not have; the message names it.
 */
export async function readFolderSettings(folder: string): Promise<FolderSettings> {
  const config = await readJsonFile(`${folder}/config.json`, configFields);
  if (config === undefined) throw new Error(`${folder} has no config.json: it is not a model's folder`);
  return {
    ...await readSentenceFiles(folder),
    dimensions: config.hidden_size,
    maxPositions: config.max_position_embeddings ?? undefined,
  };
}
