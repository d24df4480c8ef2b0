/** New tokens for a tokenizer that is there already, such as the tags of a format that a model is to learn. */
import { type AddedTokenJson, jsonBytes, readJson, type TokenizerJson } from "./json_files.ts";
import { quote } from "./quote.ts";
import { Tokenizer } from "./tokenizer.ts";

/** A token to add. */
export interface NewToken {
  /** Its text, matched exactly wherever it stands, before all else that cuts a text into tokens. */
  content: string;
  /** Left out by decoding with `skipSpecialTokens`, and plain text where `allowSpecial` is false. Default: that of the call. */
  special?: boolean;
  /** Takes the white space before it into the token, which decoding then leaves out. Default false. */
  lstrip?: boolean;
  /** The same with the white space behind it. Default false. */
  rstrip?: boolean;
}

/**
 * The same tokenizer with more tokens, as transformers' `add_tokens` gives it: ids go on behind the highest one, in the order
 * given. A token that was added before keeps its id, and so does one that the vocabulary has; adding tokens twice changes
 * nothing. tokenizer.json has them in `added_tokens`, and tokenizer_config.json and added_tokens.json where they name added
 * tokens; `save` writes all.
 *
 * A model needs a row for each: see `resizeEmbeddings`.
 *
 * @param options.special For tokens that do not say it themselves. Default false: their text shows wherever it is decoded,
 *   which is what a program that reads tags wants.
 * @throws {RangeError} when a token is empty, half a character, named twice, or there already with other options
 */
export function addTokens(
  tokenizer: Tokenizer,
  tokens: readonly (string | NewToken)[],
  options: { special?: boolean } = {},
): Tokenizer {
  const json = readJson(tokenizer, "tokenizer.json") as TokenizerJson;
  const added = json.added_tokens ?? [];
  const before = added.length;
  const seen = new Set<string>();
  let nextId = tokenizer.vocabSize;
  for (const token of tokens) {
    const { content, special = options.special ?? false, lstrip = false, rstrip = false } = typeof token === "string"
      ? { content: token }
      : token;
    if (content === "" || !content.isWellFormed()) {
      throw new RangeError(`addTokens: ${quote(content)} is no text that a token can stand for`);
    }
    if (seen.has(content)) throw new RangeError(`addTokens: ${quote(content)} is named twice`);
    seen.add(content);
    const own = added.find((one) => one.content === content);
    if (own) checkSame(own, { content, special, lstrip, rstrip }, tokenizer.folder);
    else {
      const id = tokenizer.tokenToId(content) ?? nextId++;
      added.push({ id, content, single_word: false, lstrip, rstrip, normalized: false, special });
    }
  }
  if (added.length === before) return tokenizer;
  const fresh = added.slice(before);
  added.sort((a, b) => a.id - b.id);
  const files = new Map(tokenizer.files);
  files.set("tokenizer.json", jsonBytes({ ...json, added_tokens: added }));
  const config = tokenizer.files.has("tokenizer_config.json") ? readJson(tokenizer, "tokenizer_config.json") : {};
  if (typeof config.added_tokens_decoder === "object" && config.added_tokens_decoder !== null) {
    const decoder = {
      ...config.added_tokens_decoder,
      ...Object.fromEntries(fresh.map(({ id, ...token }) => [id, token])),
    };
    files.set("tokenizer_config.json", jsonBytes({ ...config, added_tokens_decoder: decoder }));
  }
  if (tokenizer.files.has("added_tokens.json")) {
    const ids = Object.fromEntries(fresh.map(({ id, content }) => [content, id]));
    files.set("added_tokens.json", jsonBytes({ ...readJson(tokenizer, "added_tokens.json"), ...ids }));
  }
  return new Tokenizer(tokenizer.folder, files);
}

/**
 * For each token that one tokenizer has and the one before had not, the ids that its text was made of before: from these
 * `resizeEmbeddings` makes its first row.
 */
export function addedPieces(before: Tokenizer, after: Tokenizer): Map<number, number[]> {
  const pieces = new Map<number, number[]>();
  for (let id = 0; id < after.vocabSize; id++) {
    const content = after.isAddedToken(id) ? after.idToToken(id)! : undefined;
    if (content !== undefined && before.idToToken(id) !== content) pieces.set(id, before.encode(content));
  }
  return pieces;
}

/**
 * The ids of tokens by their text, as `trainableTokenIndices` takes them.
 *
 * @throws {RangeError} naming the one that is no token
 */
export function tokenIds(tokenizer: Tokenizer, tokens: readonly string[]): number[] {
  return tokens.map((token) => {
    const id = tokenizer.tokenToId(token);
    if (id !== undefined) return id;
    throw new RangeError(`${tokenizer.folder} has no token ${quote(token)}: add it with addTokens()`);
  });
}

function checkSame(own: AddedTokenJson, wanted: Required<NewToken>, folder: string): void {
  for (const name of ["special", "lstrip", "rstrip"] as const) {
    if ((own[name] ?? false) === wanted[name]) continue;
    throw new RangeError(
      `addTokens: ${folder} has ${quote(wanted.content)} already, with ${name} ${own[name] ?? false}, not ` +
        `${wanted[name]}: add it with the same options, or leave it out`,
    );
  }
}
