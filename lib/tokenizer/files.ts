import { z } from "zod";
import { partNames, problemOfPart } from "./parts.ts";
import { quote } from "./quote.ts";

/** A tokenizer's file is absent or not what it should be. The message names the file and says what was expected. */
export class TokenizerError extends Error {
  override name = "TokenizerError";

  constructor(readonly path: string, readonly problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
  }
}

/** The files of a Hugging Face folder that belong to its tokenizer; all but the first may be absent. */
export const tokenizerFileNames = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "vocab.json",
  "merges.txt",
  "generation_config.json",
] as const;

export type TokenizerFileName = typeof tokenizerFileNames[number];

/** The bytes of a tokenizer's files, so that it can be saved exactly as it came. */
export type TokenizerFiles = ReadonlyMap<TokenizerFileName, Uint8Array>;

/**
 * Reads the tokenizer's files of a folder.
 *
 * @throws {TokenizerError} when the folder has no tokenizer.json
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const files = new Map<TokenizerFileName, Uint8Array>();
  for (const name of tokenizerFileNames) {
    const bytes = await readIfThere(`${folder}/${name}`);
    if (bytes !== undefined) files.set(name, bytes);
  }
  if (!files.has("tokenizer.json")) {
    const hint = files.has("vocab.json") || await readIfThere(`${folder}/tokenizer.model`) !== undefined
      ? " It has a tokenizer in an older format: load it once with transformers' AutoTokenizer and save it."
      : "";
    throw new TokenizerError(folder, `expected tokenizer.json in this folder.${hint}`);
  }
  return files;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    const problem = error instanceof Error ? error.message : String(error);
    throw new TokenizerError(path, `cannot be read (${problem}); expected a readable file.`, { cause: error });
  }
}

const id = z.int().nonnegative();

const flag = z.boolean().nullish();

const addedTokenSchema = z.looseObject({
  id,
  content: z.string().min(1),
  special: z.boolean().default(false),
  normalized: flag,
  lstrip: flag,
  rstrip: flag,
});

/** A part of the pipeline, such as the normalizer; its options are checked in parts.ts. */
const partSchema = z.looseObject({ type: z.string() }).nullable().default(null);

/** The vocabulary may have 150,000 entries: it is checked in one loop below instead of one schema each. */
const vocabularySchema = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected {token: id}",
);

/** Two tokens, in older files as one text with a space between; both forms may not stand in one file for the library. */
const mergeSchema = z.union(
  [z.tuple([z.string(), z.string()]), z.string().transform((text): string[] => text.split(" "))],
  "expected two tokens",
);

const bpeSchema = z.looseObject({
  type: z.literal("BPE"),
  vocab: vocabularySchema,
  merges: z.array(mergeSchema),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.literal(
    "",
    "a prefix of continuing tokens is not supported; expected none",
  ).nullish(),
  continuing_subword_suffix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
});

/** Words are looked up from their beginning, the longest piece first (Wu et al. 2016, arXiv:1609.08144). */
const wordPieceSchema = z.looseObject({
  type: z.literal("WordPiece"),
  vocab: vocabularySchema,
  unk_token: z.string(),
  continuing_subword_prefix: z.string().max(64).default("##"),
  /** Longer words become the unknown token; the time for a word grows with the square of its length. */
  max_input_chars_per_word: z.int().positive().max(1000).default(100),
});

const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: partSchema,
  pre_tokenizer: partSchema,
  post_processor: partSchema,
  decoder: partSchema,
  model: z.discriminatedUnion("type", [bpeSchema, wordPieceSchema], {
    error: "expected a model of type BPE or WordPiece; Unigram tokenizers are not read",
  }),
});

/** A checked tokenizer.json of a byte-pair encoding, or of the word pieces of BERT and its kin. */
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;

/** A special token in a configuration: its text, or an object that holds it. */
const tokenNameSchema = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform((token) => token.content),
])
  .nullish();

const namedTemplateSchema = z.looseObject({ name: z.string(), template: z.string() });

const tokenizerConfigSchema = z.looseObject({
  bos_token: tokenNameSchema,
  eos_token: tokenNameSchema,
  pad_token: tokenNameSchema,
  unk_token: tokenNameSchema,
  chat_template: z.union([z.string(), z.array(namedTemplateSchema)]).nullish(),
  model_max_length: z.number().nullish(),
});

/** A checked tokenizer_config.json. */
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

const generationConfigSchema = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() });

const specialTokensMapSchema = z.looseObject({
  bos_token: tokenNameSchema,
  eos_token: tokenNameSchema,
  pad_token: tokenNameSchema,
});

export interface ParsedTokenizerFiles {
  tokenizerJson: TokenizerJson;
  config: TokenizerConfig;
  /** Ids at which generation stops, from generation_config.json. */
  generationEosIds: number[];
  /** The text of chat_template.jinja. */
  chatTemplate?: string;
}

/**
 * Parses and checks a tokenizer's files.
 *
 * @param folder for messages
 * @throws {TokenizerError} naming the file, and what was expected in it
 */
export function parseTokenizerFiles(folder: string, files: TokenizerFiles): ParsedTokenizerFiles {
  const parse = <T>(name: TokenizerFileName, schema: z.ZodType<T>): T | undefined => {
    const text = textOf(folder, files, name);
    if (text === undefined) return undefined;
    const path = `${folder}/${name}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new TokenizerError(path, `not JSON: ${cause instanceof Error ? cause.message : cause}.`, { cause });
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.slice(0, 5).map((issue) =>
      `${issue.path.join(".") || "the file"}: ${issue.message}`
    );
    throw new TokenizerError(path, `${problems.join("; ")}.`, { cause: parsed.error });
  };
  const tokenizerJson = parse("tokenizer.json", tokenizerJsonSchema);
  if (tokenizerJson === undefined) throw new TokenizerError(folder, "expected tokenizer.json.");
  checkVocabulary(`${folder}/tokenizer.json`, tokenizerJson);
  const config = parse("tokenizer_config.json", tokenizerConfigSchema) ?? {};
  const map = parse("special_tokens_map.json", specialTokensMapSchema) ?? {};
  const eos = parse("generation_config.json", generationConfigSchema)?.eos_token_id;
  const template = textOf(folder, files, "chat_template.jinja");
  return {
    tokenizerJson,
    // The configuration names the special tokens; older folders have them in the map only.
    config: {
      ...config,
      bos_token: config.bos_token ?? map.bos_token,
      eos_token: config.eos_token ?? map.eos_token,
      pad_token: config.pad_token ?? map.pad_token,
    },
    generationEosIds: typeof eos === "number" ? [eos] : eos ?? [],
    ...(template === undefined ? {} : { chatTemplate: template }),
  };
}

function textOf(folder: string, files: TokenizerFiles, name: TokenizerFileName): string | undefined {
  const bytes = files.get(name);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TokenizerError(`${folder}/${name}`, "not UTF-8: it is damaged, or in another encoding.", { cause });
  }
}

/**
 * Each token must have one id, a whole number, and each id one token; every merge must make a token, and so must what
 * stands for the unknown: else text would vanish in silence.
 */
function checkVocabulary(path: string, json: TokenizerJson): void {
  const { model, added_tokens: added } = json;
  const fail = (problem: string) => new TokenizerError(path, problem);
  const vocabulary = new Map<string, number>();
  const tokenOf = new Map<number, string>();
  const take = (token: string, id: unknown) => {
    if (!Number.isSafeInteger(id) || id as number < 0) {
      throw fail(`token ${quote(token)} has id ${quote(id)}; expected a whole number from 0.`);
    }
    if (!token.isWellFormed()) throw fail(`token ${quote(token)} is half a character; expected Unicode text.`);
    const other = tokenOf.get(id as number);
    if (other !== undefined && other !== token) {
      throw fail(`tokens ${quote(other)} and ${quote(token)} both have id ${id}.`);
    }
    const otherId = vocabulary.get(token) ?? id;
    if (otherId !== id) throw fail(`token ${quote(token)} has two ids, ${otherId} and ${id}; expected one.`);
    tokenOf.set(id as number, token);
    vocabulary.set(token, id as number);
  };
  for (const [token, id] of Object.entries(model.vocab)) take(token, id);
  for (const { content, id } of added) take(content, id);
  for (const id of tokenOf.keys()) {
    // Tokens lie in an array by id: one huge id would make it huge.
    if (id > tokenOf.size + 100_000) throw fail(`id ${id} is far above the number of tokens, ${tokenOf.size}.`);
  }
  for (const [rank, merge] of (model.type === "BPE" ? model.merges : []).entries()) {
    const [left, right, ...rest] = merge;
    if (right === undefined || rest.length > 0) {
      throw fail(`merge ${rank} (${quote(merge)}) is not two tokens.`);
    }
    const missing = [left, right, left + right].find((token) => !vocabulary.has(token));
    if (missing !== undefined) {
      throw fail(`merge ${rank} (${quote(merge)}) needs ${quote(missing)}, which is not in the vocabulary.`);
    }
  }
  if (typeof model.unk_token === "string" && !vocabulary.has(model.unk_token)) {
    throw fail(`model.unk_token is ${quote(model.unk_token)}, which is not in the vocabulary.`);
  }
  for (const name of partNames) {
    const problem = problemOfPart(name, json[name], (token) => vocabulary.has(token));
    if (problem !== undefined) throw fail(`${problem}.`);
  }
}
