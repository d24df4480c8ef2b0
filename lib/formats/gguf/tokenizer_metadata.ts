/** A tokenizer as GGUF's metadata, so that llama.cpp makes the same tokens of a text and stops at the same ones. */
import type { ModelConfig } from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { quote } from "./format.ts";
import { bool, f32s, type GgufValue, i32s, text, texts } from "./metadata_values.ts";
import { preTokenizerOf, splitsOf } from "./pre_tokenizers.ts";
import { isSentencePiece, sentencePieceFields } from "./sentencepiece.ts";
import { specialTokenFields } from "./special_tokens.ts";
import { type EncodingFields, TOKEN_TYPES } from "./token_types.ts";
import { chatTemplateFields, type TokenizerJson, tokenizerJsonOf } from "./tokenizer_files.ts";

/**
 * The metadata of a tokenizer.
 *
 * @param config.vocabSize Rows of the model's embedding: ids beyond the tokenizer's are marked as unused.
 * @param config.eosTokenIds Where the model's own configuration ends a text, besides where the tokenizer does.
 * @throws {RangeError} when llama.cpp has nothing that makes the same tokens, saying what differs
 */
export function tokenizerMetadata(
  tokenizer: Tokenizer,
  { vocabSize, eosTokenIds }: Pick<ModelConfig, "vocabSize" | "eosTokenIds">,
): [key: string, value: GgufValue][] {
  tokenizer.assertFits(vocabSize);
  const json = tokenizerJsonOf(tokenizer);
  refuseSpaceEaters(tokenizer, json);
  const { model, fields, typeOf, unknown, scores } = isSentencePiece(json)
    ? sentencePieceFields(tokenizer, json)
    : byteLevelFields(tokenizer, json);
  const { tokens, types } = vocabulary(tokenizer, json, vocabSize, { typeOf, unknown });
  const scored: [string, GgufValue][] = scores ? [["tokenizer.ggml.scores", f32s(padded(scores, vocabSize))]] : [];
  return [
    ["tokenizer.ggml.model", text(model)],
    ...fields.filter(([key]) => key === "tokenizer.ggml.pre"),
    ["tokenizer.ggml.tokens", texts(tokens)],
    ...scored,
    ["tokenizer.ggml.token_type", i32s(types)],
    ...fields.filter(([key]) => key !== "tokenizer.ggml.pre"),
    ...specialTokenFields(tokenizer, eosTokenIds, unknown),
    ...chatTemplateFields(tokenizer),
  ];
}

/** Byte pairs over bytes, as GPT-2, Qwen and Llama 3 have them. */
function byteLevelFields(tokenizer: Tokenizer, json: TokenizerJson): EncodingFields {
  const refuse = (problem: string): never => {
    throw new RangeError(`${tokenizer.folder}/tokenizer.json: ${problem}`);
  };
  const { model, normalizer, pre_tokenizer, decoder } = json;
  if (model.type !== "BPE") refuse(`GGUF files of language models hold byte-pair encodings, not ${model.type}`);
  if (decoder?.type !== "ByteLevel") {
    refuse(
      "llama.cpp knows byte-pair encodings over bytes (decoder ByteLevel), and SentencePiece's with byte_fallback; this is neither",
    );
  }
  const splits = splitsOf(pre_tokenizer) ??
    refuse("its pre_tokenizer does more than cut at patterns and write bytes as characters, which llama.cpp cannot");
  const pre = preTokenizerOf(splits, model.ignore_merges ?? false) ??
    refuse(
      `none of llama.cpp's pre-tokenizers cuts as this one does, at ${JSON.stringify(splits).slice(0, 200)} with ` +
        `ignore_merges ${!!model
          .ignore_merges}: text would become other tokens. Export to another format, or train the ` +
        "tokenizer with qwenSplitPattern",
    );
  const nfc = isNfc(normalizer) ?? refuse(`llama.cpp has no normalizer ${JSON.stringify(normalizer).slice(0, 200)}`);
  return {
    model: "gpt2",
    fields: [
      ["tokenizer.ggml.pre", text(pre.names[0])],
      // llama.cpp ignores it; a reader that follows tokenizer.json does not.
      ["kiln.tokenizer.nfc", bool(nfc)],
      ["tokenizer.ggml.merges", texts(model.merges.map(mergeText))],
    ],
    typeOf: () => TOKEN_TYPES.normal,
  };
}

/** A merge's two tokens as one text. Spaces inside tokens, which bytes never are, stand as U+0120, as in llama.cpp's files. */
export function mergeText(merge: readonly string[] | string): string {
  const pieces = typeof merge === "string" ? merge.split(" ") : merge;
  return pieces.map((piece) => piece.replaceAll(" ", "\u0120")).join(" ");
}

/** Whether a normalizer is NFC, or nothing; undefined when it is something else. */
function isNfc(normalizer: TokenizerJson["normalizer"]): boolean | undefined {
  if (normalizer === null || normalizer === undefined) return false;
  if (normalizer.type === "NFC") return true;
  if (normalizer.type !== "Sequence") return undefined;
  const parts = (normalizer.normalizers as TokenizerJson["normalizer"][]).map(isNfc);
  return parts.includes(undefined) ? undefined : parts.includes(true);
}

/** GGUF cannot say that an added token takes the spaces around it, or stands only between words. */
function refuseSpaceEaters(tokenizer: Tokenizer, { added_tokens }: TokenizerJson): void {
  for (const token of added_tokens) {
    const option = (["lstrip", "rstrip", "single_word"] as const).find((name) => token[name]);
    if (option === undefined) continue;
    throw new RangeError(
      `${tokenizer.folder}/tokenizer.json: the added token ${
        quote(token.content)
      } has ${option}, which GGUF cannot say: ` +
        "text around it would become other tokens. Add it without the option",
    );
  }
}

/** All ids from 0 with their texts and types. */
function vocabulary(
  tokenizer: Tokenizer,
  json: TokenizerJson,
  vocabSize: number,
  { typeOf, unknown }: Pick<EncodingFields, "typeOf" | "unknown">,
): { tokens: string[]; types: Int32Array } {
  const added = new Map(json.added_tokens.map((token) => [token.id, token]));
  const types = new Int32Array(vocabSize);
  const tokens = Array.from({ length: vocabSize }, (_, id) => {
    const token = tokenizer.idToToken(id);
    if (token === undefined) {
      types[id] = TOKEN_TYPES.unused;
      return unusedToken(tokenizer, id);
    }
    const own = added.get(id);
    types[id] = token === unknown
      ? TOKEN_TYPES.unknown
      : own === undefined
      ? typeOf(token)
      : own.special
      ? TOKEN_TYPES.control
      : TOKEN_TYPES.userDefined;
    return token;
  });
  return { tokens, types };
}

/** A text for a row of no token, as llama.cpp's converters write it; each must be another. */
function unusedToken(tokenizer: Tokenizer, id: number): string {
  let token = `[PAD${id}]`;
  while (tokenizer.tokenToId(token) !== undefined) token = `[${token}]`;
  return token;
}

/** Rows of no token are never chosen. */
function padded(scores: Float32Array, length: number): Float32Array {
  const all = new Float32Array(length).fill(-1e6);
  all.set(scores);
  return all;
}
