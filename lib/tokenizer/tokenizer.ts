import { Tokenizer as Pipeline } from "@huggingface/tokenizers";
import { writeFileAtomic, type WriteOptions } from "../files/mod.ts";
import { type ChatMessage, ChatTemplate, ChatTemplateError, type ChatTemplateOptions } from "./chat_template.ts";
import {
  parseTokenizerFiles,
  readTokenizerFiles,
  TokenizerError,
  type TokenizerFiles,
  type TokenizerJson,
} from "./files.ts";
import { withExactPatterns } from "./exact_patterns.ts";
import { quote } from "./quote.ts";
import { type DecoderScope, decoderScope } from "./decoder_scope.ts";
import { rememberWords } from "./word_cache.ts";

export interface EncodeOptions {
  /**
   * Adds what the tokenizer puts around a text, such as a first `<s>`. Chat templates write it themselves. Default
   * false.
   */
  addSpecialTokens?: boolean;
  /**
   * Whether the text of a special token, such as `<|im_end|>`, becomes that token; else it is text like any other.
   * Default true.
   */
  allowSpecial?: boolean;
}

export interface DecodeOptions {
  /** Leaves special tokens out. Default false. */
  skipSpecialTokens?: boolean;
}

/**
 * Text to token ids and back, as the tokenizer.json of a Hugging Face folder says. The pipeline itself is run by
 * @huggingface/tokenizers; unlike transformers, decoding never "cleans up" spaces, so that text comes back as it was.
 */
export class Tokenizer {
  /** Number of ids: the highest one plus one. A model's embedding may have more rows, never fewer. */
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  /** The token that ends a text or turn in training. */
  readonly eosTokenId: number | undefined;
  /** All tokens at which generation stops, `eosTokenId` among them. */
  readonly eosTokenIds: readonly number[];
  /** The padding token; where none is named the end token serves, since padding is masked anyway. */
  readonly padTokenId: number | undefined;
  /** Ids of all special tokens: those that `skipSpecialTokens` leaves out. */
  readonly specialTokenIds: ReadonlySet<number>;
  /** On how many neighbours the text of a token depends. Tokens of GPT-2, Qwen and Llama 3 are `"bytes"`. */
  readonly decoderScope: DecoderScope;
  /** The chat template's source, where there is one. */
  readonly chatTemplate: string | undefined;

  readonly #folder: string;
  readonly #files: TokenizerFiles;
  readonly #json: TokenizerJson;
  readonly #addedTokenIds: ReadonlySet<number>;
  readonly #pipeline: Pipeline;
  readonly #templates: ReadonlyMap<string, ChatTemplate>;
  #plain: Pipeline | undefined;

  /**
   * Loads the tokenizer of a Hugging Face folder: tokenizer.json, tokenizer_config.json, special_tokens_map.json,
   * chat_template.jinja, and the end tokens of generation_config.json.
   *
   * @throws {TokenizerError} naming the file that is absent or broken
   */
  static async load(folder: string): Promise<Tokenizer> {
    return new Tokenizer(folder, await readTokenizerFiles(folder));
  }

  /**
   * @param folder where the files are from, for messages
   * @param files their bytes; {@link load} reads them
   */
  constructor(folder: string, files: TokenizerFiles) {
    const { tokenizerJson, config, generationEosIds, chatTemplate } = parseTokenizerFiles(folder, files);
    this.#folder = folder;
    this.#files = files;
    this.#json = tokenizerJson;
    this.#pipeline = makePipeline(`${folder}/tokenizer.json`, tokenizerJson);
    let highest = -1;
    for (const id of Object.values(tokenizerJson.model.vocab)) highest = Math.max(highest, id as number);
    for (const { id } of tokenizerJson.added_tokens) highest = Math.max(highest, id);
    this.vocabSize = highest + 1;
    this.#addedTokenIds = new Set(tokenizerJson.added_tokens.map(({ id }) => id));
    this.specialTokenIds = new Set(tokenizerJson.added_tokens.filter(({ special }) => special).map(({ id }) => id));
    this.decoderScope = decoderScope(tokenizerJson);

    const idOf = (key: "bos_token" | "eos_token" | "pad_token") => {
      const token = config[key];
      if (token === null || token === undefined) return undefined;
      const id = this.tokenToId(token);
      if (id !== undefined) return id;
      throw new TokenizerError(
        `${folder}/tokenizer_config.json`,
        `${key} is ${quote(token)}, which is not in the vocabulary.`,
      );
    };
    this.bosTokenId = idOf("bos_token");
    this.eosTokenId = idOf("eos_token") ?? generationEosIds[0];
    this.padTokenId = idOf("pad_token") ?? this.eosTokenId;
    this.eosTokenIds = [...new Set([...generationEosIds, ...(this.eosTokenId === undefined ? [] : [this.eosTokenId])])];
    for (const id of this.eosTokenIds) {
      if (this.idToToken(id) !== undefined) continue;
      const problem = id >= this.vocabSize ? `beyond the ${this.vocabSize} tokens` : "the id of no token";
      throw new TokenizerError(`${folder}/generation_config.json`, `eos_token_id ${id} is ${problem}.`);
    }

    const specialTokens = Object.fromEntries(
      (["bos_token", "eos_token", "pad_token", "unk_token"] as const).flatMap((key) =>
        typeof config[key] === "string" ? [[key, config[key]]] : []
      ),
    );
    const sources = chatTemplate !== undefined
      ? [["default", chatTemplate]]
      : typeof config.chat_template === "string"
      ? [["default", config.chat_template]]
      : (config.chat_template ?? []).map(({ name, template }) => [name, template]);
    const path = `${folder}/${chatTemplate !== undefined ? "chat_template.jinja" : "tokenizer_config.json"}`;
    this.#templates = new Map(sources.map(([name, source]) => [name, new ChatTemplate(path, source, specialTokens)]));
    this.chatTemplate = this.#templates.get("default")?.source;
  }

  /** Where its files are from, for messages. */
  get folder(): string {
    return this.#folder;
  }

  /** The bytes of its files, as `save` writes them. */
  get files(): TokenizerFiles {
    return this.#files;
  }

  /** Turns text into token ids. */
  encode(text: string, { addSpecialTokens = false, allowSpecial = true }: EncodeOptions = {}): number[] {
    const pipeline = allowSpecial ? this.#pipeline : this.#plain ??= this.#withoutSpecialTokens();
    return pipeline.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  /**
   * Turns token ids into text. Bytes that are not UTF-8 become U+FFFD.
   *
   * @throws {RangeError} when an id is not in the vocabulary
   */
  decode(ids: Iterable<number>, { skipSpecialTokens = false }: DecodeOptions = {}): string {
    const kept: number[] = [];
    for (const id of ids) {
      if (this.idToToken(id) === undefined) {
        throw new RangeError(
          `Token id ${id} is not in the vocabulary of ${this.#folder}, which has ${this.vocabSize} ids.`,
        );
      }
      if (!skipSpecialTokens || !this.specialTokenIds.has(id)) kept.push(id);
    }
    // The library refuses an empty list.
    return kept.length === 0 ? "" : this.#pipeline.decode(kept, { clean_up_tokenization_spaces: false });
  }

  /** The id of a token as it stands in tokenizer.json (`Ġthe`, not ` the`). */
  tokenToId(token: string): number | undefined {
    return this.#pipeline.token_to_id(token);
  }

  /** A token as it stands in tokenizer.json. */
  idToToken(id: number): string | undefined {
    return this.#pipeline.id_to_token(id);
  }

  /** Whether an id is an added token, special or not: its text is not made of bytes. */
  isAddedToken(id: number): boolean {
    return this.#addedTokenIds.has(id);
  }

  /**
   * Renders a conversation as the text that the model is trained on, by the tokenizer's chat template.
   *
   * @throws {ChatTemplateError} when there is no template, or it refuses the messages
   */
  applyChatTemplate(messages: readonly ChatMessage[], options: ChatTemplateOptions = {}): string {
    const hasTools = options.tools !== undefined && options.tools.length > 0;
    const template = (hasTools ? this.#templates.get("tool_use") : undefined) ?? this.#templates.get("default");
    if (template === undefined) {
      throw new ChatTemplateError(
        `The tokenizer in ${this.#folder} has no chat template: it is probably a base model. Give it one with withChatTemplate().`,
      );
    }
    return template.render(messages, options);
  }

  /** The same tokenizer with another chat template, kept in chat_template.jinja. */
  withChatTemplate(source: string): Tokenizer {
    return new Tokenizer(
      this.#folder,
      new Map([...this.#files, ["chat_template.jinja", new TextEncoder().encode(source)]]),
    );
  }

  /**
   * Checks that a model has an embedding for every token. More rows than tokens are usual: they are padding.
   *
   * @param vocabSize `vocab_size` of the model's config.json
   * @throws {TokenizerError} naming both numbers
   */
  assertFits(vocabSize: number): void {
    if (this.vocabSize <= vocabSize) return;
    throw new TokenizerError(
      this.#folder,
      `the tokenizer has ${this.vocabSize} tokens, the model's vocab_size is ${vocabSize}: they do not belong together. ` +
        "Take the tokenizer from the model's folder, or resize the model's embedding.",
    );
  }

  /** Writes the tokenizer's files into a folder, byte for byte as they were read. */
  async save(folder: string, options: Omit<WriteOptions, "bytesNeeded"> = {}): Promise<void> {
    for (const [name, bytes] of this.#files) await writeFileAtomic(`${folder}/${name}`, bytes, options);
  }

  /** A pipeline for which special tokens are text. It shares the vocabulary, which is large. */
  #withoutSpecialTokens(): Pipeline {
    const added_tokens = this.#json.added_tokens.filter(({ special }) => !special);
    const json = withExactPatterns(this.#json);
    const plain = new Pipeline({ ...json, added_tokens, model: { type: "BPE", vocab: {}, merges: [] } }, {});
    plain.model = this.#pipeline.model;
    return plain;
  }
}

/** Some of everything that text is made of. */
const probeText = "The cat's 12 hats,\n\n  (naïve) 鍵 👩‍👧 e\u0301\t<a>_x = 3.5;\r\n";

/**
 * Makes the pipeline and tries it, since some errors, such as a regular expression too large, come only with a text.
 */
function makePipeline(path: string, json: TokenizerJson): Pipeline {
  try {
    const pipeline = new Pipeline(withExactPatterns(json), {});
    rememberWords(pipeline);
    const { ids } = pipeline.encode(probeText, { add_special_tokens: true });
    if (ids.length > 0) pipeline.decode(ids, { clean_up_tokenization_spaces: false });
    return pipeline;
  } catch (cause) {
    throw new TokenizerError(
      path,
      `cannot be used: ${cause instanceof Error ? cause.message : cause}. Save it again with transformers.`,
      { cause },
    );
  }
}
