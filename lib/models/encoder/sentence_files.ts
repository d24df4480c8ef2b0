/** The files beside a BertModel that tell sentence-transformers, and Kiln, how its hidden states become an embedding. */
import { z } from "zod";
import { type Json, readFields, refuseField } from "../config_fields.ts";
import type { Pooling } from "./text_batch.ts";

/** How texts become embeddings. */
export interface SentenceSettings {
  pooling: Pooling;
  /** Tokens that are read of a text, those that the tokenizer adds included. */
  maxTokens: number;
}

const modules = z.array(z.looseObject({ type: z.string(), path: z.string() }));

const poolingFields = z.looseObject({
  pooling_mode: z.string().nullish(),
  pooling_mode_cls_token: z.boolean().nullish(),
  pooling_mode_mean_tokens: z.boolean().nullish(),
});

const lengthFields = z.looseObject({ max_seq_length: z.number().int().positive().nullish() });

const promptFields = z.looseObject({ prompts: z.record(z.string(), z.string()).nullish() });

/** What a folder's files say; nothing is guessed. */
export interface SentenceFiles extends Partial<SentenceSettings> {
  /** Put before queries and passages: the prompts `query`, and `passage` or `document`. */
  queryPrefix?: string;
  passagePrefix?: string;
}

/**
 * Reads modules.json with the pooling that it names (without it 1_Pooling/config.json), sentence_bert_config.json and the prompts of
 * config_sentence_transformers.json, as far as they are there.
 *
 * @throws When a file is broken, or asks for a module or a pooling that Kiln does not have; the message names it.
 */
export async function readSentenceFiles(folder: string): Promise<SentenceFiles> {
  const length = await readJsonFile(`${folder}/sentence_bert_config.json`, lengthFields);
  const prompts = (await readJsonFile(`${folder}/config_sentence_transformers.json`, promptFields))?.prompts ?? {};
  return {
    pooling: await readModules(folder),
    maxTokens: length?.max_seq_length ?? undefined,
    queryPrefix: prompts.query,
    passagePrefix: prompts.passage ?? prompts.document,
  };
}

/**
 * The settings of a folder. Where nothing is said of them, texts are pooled by their mean, and read as far as there are positions.
 *
 * @param maxPositions The most tokens that the model can read.
 * @throws As `readSentenceFiles` does.
 */
export async function readSentenceSettings(folder: string, maxPositions: number): Promise<SentenceSettings> {
  const { pooling = "mean", maxTokens = maxPositions } = await readSentenceFiles(folder);
  return { pooling, maxTokens: Math.min(maxTokens, maxPositions) };
}

async function readModules(folder: string): Promise<Pooling | undefined> {
  const path = `${folder}/modules.json`;
  const parts = await readJsonFile(path, modules);
  if (parts === undefined) return await readPooling(`${folder}/1_Pooling/config.json`);
  let pooling: Pooling | undefined;
  for (const { type, path: inside } of parts) {
    const name = type.split(".").at(-1)!;
    // Embeddings have length 1 in any case: cosines are what they are compared by.
    if (name === "Transformer" || name === "Normalize") continue;
    if (name !== "Pooling") refuseField(path, "type", type, "Kiln has Transformer, Pooling and Normalize");
    const poolingPath = `${folder}/${inside}/config.json`;
    pooling = await readPooling(poolingPath);
    if (pooling === undefined) {
      throw new Error(`${poolingPath}: modules.json names it, but it is not there; fetch the whole folder`);
    }
  }
  return pooling;
}

async function readPooling(path: string): Promise<Pooling | undefined> {
  const read = await readJsonFile(path, poolingFields);
  if (read === undefined) return undefined;
  // One name in newer versions, a flag for each pooling in older ones.
  const flags = Object.entries(read).filter(([name, value]) => name.startsWith("pooling_mode_") && value === true);
  const named = read.pooling_mode ?? flags.map(([name]) => name).join(" and ");
  if (named === "mean" || named === "pooling_mode_mean_tokens") return "mean";
  if (named === "cls" || named === "pooling_mode_cls_token") return "cls";
  return refuseField(path, "pooling_mode", named, "Kiln pools by the mean or by the first token");
}

/**
 * A JSON file of a model's folder, checked; undefined where there is none.
 *
 * @throws When it cannot be read or does not fit; the message names file and field.
 */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
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
  return readFields(schema, json, path);
}

/** The folder's files by their paths in it, as sentence-transformers reads them. */
export function sentenceFiles(
  { pooling, maxTokens }: SentenceSettings,
  hiddenSize: number,
): Record<string, Json | Json[]> {
  const parts = [["Transformer", ""], ["Pooling", "1_Pooling"], ["Normalize", "2_Normalize"]];
  return {
    "modules.json": parts.map(([type, path], idx) => ({
      idx,
      name: String(idx),
      path,
      type: `sentence_transformers.models.${type}`,
    })),
    "1_Pooling/config.json": {
      word_embedding_dimension: hiddenSize,
      pooling_mode_cls_token: pooling === "cls",
      pooling_mode_mean_tokens: pooling === "mean",
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
    },
    "sentence_bert_config.json": { max_seq_length: maxTokens, do_lower_case: false },
    "config_sentence_transformers.json": { prompts: {}, default_prompt_name: null, similarity_fn_name: "cosine" },
  };
}
