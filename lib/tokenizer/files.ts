import { z } from "zod";

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
    throw error;
  }
}

const id = z.int().nonnegative();

const addedTokenSchema = z.looseObject({ id, content: z.string().min(1), special: z.boolean().default(false) });

/** A part of the pipeline, such as the normalizer; the library that runs it knows its options. */
const partSchema = z.looseObject({ type: z.string() }).nullable().default(null);

/** The vocabulary may have 150,000 entries: it is checked in one loop below instead of one schema each. */
const vocabularySchema = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected {token: id}",
);

const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: partSchema,
  pre_tokenizer: partSchema,
  post_processor: partSchema,
  decoder: partSchema,
  model: z.looseObject({
    type: z.literal("BPE", "expected a model of type BPE; Unigram and WordPiece tokenizers are not read"),
    vocab: vocabularySchema,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/** A checked tokenizer.json of a byte-pair encoding. */
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
    const bytes = files.get(name);
    if (bytes === undefined) return undefined;
    const path = `${folder}/${name}`;
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
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
  const template = files.get("chat_template.jinja");
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
    ...(template === undefined ? {} : { chatTemplate: new TextDecoder().decode(template) }),
  };
}

/**
 * Ids must be whole numbers, each for one token, and every merge must make a token: else text would vanish in silence.
 */
function checkVocabulary(path: string, { model, added_tokens: added }: TokenizerJson): void {
  const vocabulary = new Map<string, number>();
  const tokenOf = new Map<number, string>();
  const take = (token: string, id: unknown) => {
    if (!Number.isSafeInteger(id) || id as number < 0) {
      throw new TokenizerError(
        path,
        `token ${JSON.stringify(token)} has id ${JSON.stringify(id)}; expected a whole number from 0.`,
      );
    }
    const other = tokenOf.get(id as number);
    if (other !== undefined && other !== token) {
      throw new TokenizerError(
        path,
        `tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} both have id ${id}.`,
      );
    }
    tokenOf.set(id as number, token);
    vocabulary.set(token, id as number);
  };
  for (const [token, id] of Object.entries(model.vocab)) take(token, id);
  for (const { content, id } of added) take(content, id);
  for (const id of tokenOf.keys()) {
    // Tokens lie in an array by id: one huge id would make it huge.
    if (id > tokenOf.size + 100_000) {
      throw new TokenizerError(path, `id ${id} is far above the number of tokens, ${tokenOf.size}.`);
    }
  }
  const prefix = model.continuing_subword_prefix;
  const prefixLength = typeof prefix === "string" ? prefix.length : 0;
  for (const [rank, merge] of model.merges.entries()) {
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : merge;
    const missing = right === undefined || rest.length > 0
      ? undefined
      : [left, right, left + right.slice(prefixLength)].find((token) => !vocabulary.has(token));
    if (right === undefined || rest.length > 0 || missing !== undefined) {
      const what = missing === undefined
        ? "is not two tokens"
        : `needs ${JSON.stringify(missing)}, which is not in the vocabulary`;
      throw new TokenizerError(path, `merge ${rank} (${JSON.stringify(merge)}) ${what}.`);
    }
  }
}
