/** What the files of sentence-transformers in a model's folder say about embedding with it. */
import { z } from "zod";

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
const poolingFields = z.looseObject({
  pooling_mode: z.string().nullish(),
  pooling_mode_cls_token: z.boolean().nullish(),
  pooling_mode_mean_tokens: z.boolean().nullish(),
});
const lengthFields = z.looseObject({ max_seq_length: z.int().positive().nullish() });
const promptFields = z.looseObject({ prompts: z.record(z.string(), z.string()).nullish() });

/**
 * Reads config.json and, where they are, 1_Pooling/config.json, sentence_bert_config.json and the prompts of
 * config_sentence_transformers.json (`query`; `passage` or `document`).
 *
 * @throws When a file is broken, or asks for a pooling that Kiln does not have; the message names it.
 */
export async function readFolderSettings(folder: string): Promise<FolderSettings> {
  const config = await readJson(`${folder}/config.json`, configFields);
  if (config === undefined) throw new Error(`${folder} has no config.json: it is not a model's folder`);
  const length = await readJson(`${folder}/sentence_bert_config.json`, lengthFields);
  const prompts = (await readJson(`${folder}/config_sentence_transformers.json`, promptFields))?.prompts ?? {};
  return {
    dimensions: config.hidden_size,
    maxPositions: config.max_position_embeddings ?? undefined,
    pooling: await readPooling(`${folder}/1_Pooling/config.json`),
    maxTokens: length?.max_seq_length ?? undefined,
    queryPrefix: prompts.query,
    passagePrefix: prompts.passage ?? prompts.document,
  };
}

async function readPooling(path: string): Promise<"mean" | "cls" | undefined> {
  const read = await readJson(path, poolingFields);
  if (read === undefined) return undefined;
  // One name in newer versions, a flag for each pooling in older ones.
  const flags = Object.entries(read).filter(([name, value]) => name.startsWith("pooling_mode_") && value === true);
  const named = read.pooling_mode ?? flags.map(([name]) => name).join(" and ");
  if (named === "mean" || named === "pooling_mode_mean_tokens") return "mean";
  if (named === "cls" || named === "pooling_mode_cls_token") return "cls";
  throw new Error(`${path}: pooling_mode is ${JSON.stringify(named)}; Kiln pools by the mean or by the first token`);
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw new Error(`${path}: cannot be read (${(error as Error).message})`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not JSON (${(error as Error).message}); fetch it again`);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  throw new Error(`${path}: ${error.issues[0].path.join(".")}: ${error.issues[0].message}`);
}
