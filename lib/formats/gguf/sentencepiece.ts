/**
 * SentencePiece's byte pairs, as Llama 2 and TinyLlama have them. Hugging Face writes them as merges in an order; llama.cpp
 * joins whichever neighbours make the token with the highest score. One follows from the other where all ways to make a
 * token stand together in the order, and none is missing.
 */
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { quote } from "./format.ts";
import { bool } from "./metadata_values.ts";
import { type EncodingFields, TOKEN_TYPES } from "./token_types.ts";
import type { Part, TokenizerJson } from "./tokenizer_files.ts";

/** Stands for a space. */
const SPACE = "\u2581";

const BYTE_TOKEN = /^<0x[0-9A-F]{2}>$/;

/** Whether a tokenizer is of this kind: characters that are no token fall apart into bytes. */
export function isSentencePiece({ model, decoder }: TokenizerJson): boolean {
  return model.type === "BPE" && !!model.byte_fallback && partsOf(decoder, "decoders").some(isType("ByteFallback"));
}

/** A token's text as bytes fall into it: `<0x0A>`. */
export function isByteToken(token: string): boolean {
  return BYTE_TOKEN.test(token);
}

/**
 * What is particular to it.
 *
 * @throws {RangeError} when llama.cpp would make other tokens
 */
export function sentencePieceFields(tokenizer: Tokenizer, json: TokenizerJson): EncodingFields {
  const refuse = (problem: string): never => {
    throw new RangeError(`${tokenizer.folder}/tokenizer.json: ${problem}`);
  };
  const prefix = spacePrefix(json) ??
    refuse(
      'llama.cpp puts one "\u2581" before each stretch of text, or before none: expected a normalizer that prepends "\u2581" and ' +
        "replaces spaces by it, or only replaces them, and no pre_tokenizer. With transformers, load it with legacy=True and " +
        "save it again",
    );
  for (let byte = 0; byte < 256; byte++) {
    const token = byteToken(byte);
    if (tokenizer.tokenToId(token) === undefined) refuse(`the token ${token} is missing; llama.cpp needs all 256`);
  }
  return {
    model: "llama",
    fields: [["tokenizer.ggml.add_space_prefix", bool(prefix)]],
    typeOf: (token) => isByteToken(token) ? TOKEN_TYPES.byte : TOKEN_TYPES.normal,
    ...(json.model.unk_token == null ? {} : { unknown: json.model.unk_token }),
    scores: scoresOf(tokenizer, json, refuse),
  };
}

/** A byte's token. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** Whether a space is put before text; undefined when text is changed in another way. */
function spacePrefix({ normalizer, pre_tokenizer }: TokenizerJson): boolean | undefined {
  const parts = partsOf(normalizer, "normalizers");
  const isSpaces = (part: Part | undefined) =>
    part?.type === "Replace" && (part.pattern as { String?: string }).String === " " && part.content === SPACE;
  const hasNoWords = pre_tokenizer === null || pre_tokenizer === undefined;
  if (parts.length === 1 && isSpaces(parts[0]) && hasNoWords) return false;
  if (parts.length === 2 && parts[0].type === "Prepend" && parts[0].prepend === SPACE && isSpaces(parts[1])) {
    return hasNoWords ? true : undefined;
  }
  if (parts.length > 0 || pre_tokenizer?.type !== "Metaspace") return undefined;
  const { prepend_scheme, split, replacement } = pre_tokenizer;
  return prepend_scheme === "never" && split === false && replacement === SPACE ? false : undefined;
}

/** The score of each token, by id: the earlier it is merged, the higher. */
function scoresOf(
  tokenizer: Tokenizer,
  { model: { merges, vocab }, added_tokens }: TokenizerJson,
  refuse: (problem: string) => never,
): Float32Array {
  const scores = new Float32Array(tokenizer.vocabSize).fill(-1e6);
  const ways = new Map<string, Set<string>>();
  let last: string | undefined;
  for (const merge of merges) {
    const [left, right] = typeof merge === "string" ? merge.split(" ") : merge;
    const token = left + right;
    if (token !== last) {
      if (ways.has(token)) {
        refuse(`the merges that make ${quote(token)} do not stand together: no scores say the same`);
      }
      scores[vocab[token]] = -ways.size;
      ways.set(token, new Set());
      last = token;
    }
    ways.get(token)!.add(left);
  }
  const added = new Set(added_tokens.map(({ content }) => content));
  for (const token of Object.keys(vocab)) {
    if (added.has(token) || isByteToken(token)) continue;
    const left = leftParts(token, vocab).find((left) => !ways.get(token)?.has(left));
    if (left === undefined) continue;
    const right = token.slice(left.length);
    refuse(
      `llama.cpp would join ${quote(left)} and ${quote(right)}, since ${
        quote(token)
      } is a token; there is no such merge`,
    );
  }
  return scores;
}

/** Longer tokens than any tokenizer has: looking for their parts would take forever. */
const LONGEST_TOKEN = 1000;

/** The beginnings of a token that are tokens themselves, and leave one. */
function leftParts(token: string, vocab: Readonly<Record<string, number>>): string[] {
  const lefts: string[] = [];
  if (token.length > LONGEST_TOKEN) return lefts;
  let left = "";
  for (const character of token) {
    if (left !== "" && Object.hasOwn(vocab, left) && Object.hasOwn(vocab, token.slice(left.length))) lefts.push(left);
    left += character;
  }
  return lefts;
}

/**
 * The merges that scores stand for, in the order in which they are applied: all ways to make a token of two others, those of
 * the highest score first, and of equal scores those of the lower id.
 *
 * @param scores By token id, as the file has them.
 * @param isText Whether a token is made of text, and not one that was added.
 */
export function mergesOfScores(
  vocab: Readonly<Record<string, number>>,
  scores: ArrayLike<number>,
  isText: (id: number) => boolean,
): [string, string][] {
  const all: { id: number; merges: [string, string][] }[] = [];
  for (const [token, id] of Object.entries(vocab)) {
    if (!isText(id) || isByteToken(token)) continue;
    const merges = leftParts(token, vocab).map((left): [string, string] => [left, token.slice(left.length)]);
    if (merges.length > 0) all.push({ id, merges });
  }
  return all.sort((a, b) => scores[b.id] - scores[a.id] || a.id - b.id).flatMap(({ merges }) => merges);
}

/** The parts of tokenizer.json around the model of such a tokenizer. */
export function sentencePieceParts(prefix: boolean): Pick<TokenizerJson, "normalizer" | "pre_tokenizer" | "decoder"> {
  const spaces = { type: "Replace", pattern: { String: " " }, content: SPACE };
  return {
    normalizer: prefix
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE }, spaces] }
      : { type: "Sequence", normalizers: [spaces] },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
  };
}

function isType(type: string): (part: Part) => boolean {
  return (part) => part.type === type;
}

function partsOf(part: Part | null | undefined, children: "normalizers" | "decoders"): Part[] {
  if (part === null || part === undefined) return [];
  return part.type === "Sequence" ? (part[children] as Part[]).flatMap((one) => partsOf(one, children)) : [part];
}
