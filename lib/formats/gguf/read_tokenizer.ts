/** The tokenizer of a GGUF file, as the files of a Hugging Face folder. */
import { Tokenizer, type TokenizerFileName } from "../../tokenizer/mod.ts";
import { GgufError, quote } from "./format.ts";
import { PRE_TOKENIZERS, preTokenizerJson, preTokenizerNamed } from "./pre_tokenizers.ts";
import type { GgufFile } from "./read.ts";
import { readBool, readIntegers, readNumbers, readText, readTexts, required } from "./read_metadata.ts";
import { readSpecialTokens, type SpecialTokens } from "./read_special_tokens.ts";
import { mergesOfScores, sentencePieceParts } from "./sentencepiece.ts";
import { TOKEN_TYPES } from "./token_types.ts";
import type { TokenizerJson } from "./tokenizer_files.ts";

/** What to do about a kind that is not read. */
const TAKE_ANOTHER = "Load the tokenizer of the model's Hugging Face folder, and give it as the option tokenizer";

/** tokenizer.json but for what all kinds have. */
type Encoding =
  & Pick<TokenizerJson, "normalizer" | "pre_tokenizer" | "decoder">
  & { model: TokenizerJson["model"]; byteLevel: boolean; addBos: boolean };

/** Tokens by id, and their types. */
interface Vocabulary {
  tokens: readonly string[];
  types: readonly number[];
}

/**
 * Makes the tokenizer of a file. Saved, its files are a Hugging Face tokenizer.
 *
 * @param maxLength Tokens that the model can take.
 * @throws {GgufError} naming the key, when it is of a kind that Kiln does not read, or damaged
 */
export function readTokenizer(file: GgufFile, maxLength: number): Tokenizer {
  const kind = required(file, "tokenizer.ggml.model", readText(file, "tokenizer.ggml.model"));
  if (kind !== "gpt2" && kind !== "llama") {
    throw new GgufError(
      file.path,
      `tokenizer.ggml.model ${
        quote(kind)
      } is not read; Kiln knows "gpt2" (byte pairs) and "llama" (SentencePiece's). ` +
        TAKE_ANOTHER,
    );
  }
  const vocabulary = readVocabulary(file);
  const encoding = kind === "gpt2" ? byteLevel(file, vocabulary) : sentencePiece(file, vocabulary);
  const special = readSpecialTokens(file, vocabulary.tokens, vocabulary.types, encoding.addBos);
  const { byteLevel: isByteLevel, addBos: _, ...parts } = encoding;
  const added = vocabulary.tokens.flatMap((content, id) => {
    const type = vocabulary.types[id];
    if (type !== TOKEN_TYPES.control && type !== TOKEN_TYPES.userDefined && type !== TOKEN_TYPES.unknown) return [];
    const options = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...options, special: type !== TOKEN_TYPES.userDefined }];
  });
  const tokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: parts.normalizer,
    pre_tokenizer: parts.pre_tokenizer,
    post_processor: postProcessor(special, vocabulary.tokens, isByteLevel),
    decoder: parts.decoder,
    model: parts.model,
  };
  const textOf = (id: number | undefined) => id === undefined ? null : vocabulary.tokens[id];
  const names = { bos_token: textOf(special.bos), eos_token: textOf(special.eos), pad_token: textOf(special.padding) };
  const config = {
    added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
    ...names,
    ...chatTemplates(file),
    clean_up_tokenization_spaces: false,
    model_max_length: maxLength,
    tokenizer_class: "PreTrainedTokenizerFast",
    unk_token: parts.model.unk_token ?? null,
  };
  const map = Object.fromEntries(Object.entries(names).filter(([, token]) => token !== null));
  const contents: [TokenizerFileName, unknown][] = [
    ["tokenizer.json", tokenizerJson],
    ["tokenizer_config.json", config],
    ["special_tokens_map.json", map],
    ...(special.ends.length === 0
      ? []
      : [["generation_config.json", { eos_token_id: special.ends }] as [TokenizerFileName, unknown]]),
  ];
  const encoder = new TextEncoder();
  const files = contents.map(([name, json]) => [name, encoder.encode(JSON.stringify(json, null, 2) + "\n")] as const);
  return new Tokenizer(file.path, new Map(files));
}

function readVocabulary(file: GgufFile): Vocabulary {
  const tokens = required(file, "tokenizer.ggml.tokens", readTexts(file, "tokenizer.ggml.tokens"));
  const types = readIntegers(file, "tokenizer.ggml.token_type") ?? tokens.map(() => TOKEN_TYPES.normal);
  if (types.length !== tokens.length) {
    throw new GgufError(
      file.path,
      `tokenizer.ggml.token_type has ${types.length} entries, tokenizer.ggml.tokens ${tokens.length}; expected as many`,
    );
  }
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const other = ids.get(token);
    if (other !== undefined) {
      throw new GgufError(
        file.path,
        `tokenizer.ggml.tokens: ids ${other} and ${id} are both ${quote(token)}; expected each once`,
      );
    }
    ids.set(token, id);
  }
  return { tokens, types };
}

/** Ids by token, of those that stand for text, and of the unknown one. */
function vocabOf({ tokens, types }: Vocabulary): Record<string, number> {
  const inText: readonly number[] = [TOKEN_TYPES.normal, TOKEN_TYPES.byte, TOKEN_TYPES.unknown];
  return Object.fromEntries(tokens.flatMap((token, id) => inText.includes(types[id]) ? [[token, id]] : []));
}

function byteLevel(file: GgufFile, vocabulary: Vocabulary): Encoding {
  const name = required(file, "tokenizer.ggml.pre", readText(file, "tokenizer.ggml.pre"));
  const pre = preTokenizerNamed(name);
  if (pre === undefined) {
    throw new GgufError(
      file.path,
      `tokenizer.ggml.pre ${quote(name)} is not read; Kiln knows ` +
        `${PRE_TOKENIZERS.flatMap(({ names }) => names).join(", ")}. ${TAKE_ANOTHER}`,
    );
  }
  const texts = required(file, "tokenizer.ggml.merges", readTexts(file, "tokenizer.ggml.merges"));
  const merges = texts.map((text, rank): [string, string] => {
    const space = text.indexOf(" ", 1);
    if (space > 0 && space + 1 < text.length) return [text.slice(0, space), text.slice(space + 1)];
    throw new GgufError(
      file.path,
      `tokenizer.ggml.merges: entry ${rank} is ${quote(text)}; expected two tokens with a space between`,
    );
  });
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    normalizer: readBool(file, "kiln.tokenizer.nfc") ?? pre.nfc ? { type: "NFC" } : null,
    pre_tokenizer: preTokenizerJson(pre.splits),
    decoder: bytes,
    model: bpe({ vocab: vocabOf(vocabulary), merges, ignore_merges: pre.ignoreMerges }),
    byteLevel: true,
    addBos: pre.addBos,
  };
}

function sentencePiece(file: GgufFile, vocabulary: Vocabulary): Encoding {
  const scores = required(file, "tokenizer.ggml.scores", readNumbers(file, "tokenizer.ggml.scores"));
  const { tokens, types } = vocabulary;
  if (scores.length !== tokens.length) {
    throw new GgufError(
      file.path,
      `tokenizer.ggml.scores has ${scores.length} entries, tokenizer.ggml.tokens ${tokens.length}; expected as many`,
    );
  }
  const vocab = vocabOf(vocabulary);
  const unknown = types.indexOf(TOKEN_TYPES.unknown);
  return {
    ...sentencePieceParts(readBool(file, "tokenizer.ggml.add_space_prefix") ?? true),
    model: bpe({
      vocab,
      merges: mergesOfScores(vocab, scores, (id) => types[id] === TOKEN_TYPES.normal),
      ...(unknown < 0 ? {} : { unk_token: tokens[unknown] }),
      fuse_unk: true,
      byte_fallback: true,
    }),
    byteLevel: false,
    addBos: true,
  };
}

/** tokenizer.json's `model`, with the fields in the order in which Hugging Face writes them. */
function bpe(own: Partial<TokenizerJson["model"]> & { fuse_unk?: boolean }): TokenizerJson["model"] {
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: {},
    merges: [],
    ...own,
  } as TokenizerJson["model"];
}

/** What stands before and after a text. */
function postProcessor(
  { bos, eos, addBos, addEos }: SpecialTokens,
  tokens: readonly string[],
  isByteLevel: boolean,
): Record<string, unknown> | null {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const before = addBos ? [bos!] : [];
  const after = addEos ? [eos!] : [];
  if (before.length + after.length === 0) return isByteLevel ? byteLevel : null;
  const piece = (id: number, type: number) => ({ SpecialToken: { id: tokens[id], type_id: type } });
  const dressed = (name: string, type: number) => [
    ...before.map((id) => piece(id, type)),
    { Sequence: { id: name, type_id: type } },
    ...after.map((id) => piece(id, type)),
  ];
  const template = {
    type: "TemplateProcessing",
    single: dressed("A", 0),
    pair: [...dressed("A", 0), ...dressed("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...after].map((id) => [tokens[id], { id: tokens[id], ids: [id], tokens: [tokens[id]] }]),
    ),
  };
  return isByteLevel ? { type: "Sequence", processors: [byteLevel, template] } : template;
}

/** The chat template, and the others that the file names. */
function chatTemplates(file: GgufFile): { chat_template?: unknown } {
  const main = readText(file, "tokenizer.chat_template");
  const named = (readTexts(file, "tokenizer.chat_templates") ?? []).flatMap((name) => {
    const template = readText(file, `tokenizer.chat_template.${name}`);
    return template === undefined ? [] : [{ name, template }];
  });
  if (named.length === 0) return main === undefined ? {} : { chat_template: main };
  return { chat_template: [...(main === undefined ? [] : [{ name: "default", template: main }]), ...named] };
}
