/** The tags of a model that searches while it thinks, as tokens. */
import type { Tokenizer } from "../tokenizer/mod.ts";

/** All tags: each is one token, so that a piece of a tag is never written. */
export const TAG_TOKENS = [
  "<think>",
  "</think>",
  "<query>",
  "</query>",
  "<query_res>",
  "</query_res>",
  "<results>",
  "</results>",
] as const;

const TAG = new RegExp(TAG_TOKENS.join("|"), "g");

/** Whether a tag stands in the text. */
export function hasTag(text: string): boolean {
  return text.search(TAG) >= 0;
}

/** The tags that a tokenizer has no token for. */
export function missingTags(tokenizer: Pick<Tokenizer, "tokenToId">): string[] {
  return TAG_TOKENS.filter((tag) => tokenizer.tokenToId(tag) === undefined);
}

/**
 * The tokens of a text with tags. Each tag, and what stands between two of them, is tokenized for itself, so that a text has the same
 * tokens whether it is read at once or in the pieces in which it is written. No other special token comes of it: `<|im_end|>`
 * is text.
 */
export function encodeTagged(tokenizer: Pick<Tokenizer, "encode">, text: string): number[] {
  const ids: number[] = [];
  const encode = (part: string, isTag: boolean) => {
    if (part !== "") ids.push(...tokenizer.encode(part, { allowSpecial: isTag }));
  };
  let end = 0;
  for (const { 0: tag, index } of text.matchAll(TAG)) {
    encode(text.slice(end, index), false);
    encode(tag, true);
    end = index + tag.length;
  }
  encode(text.slice(end), false);
  return ids;
}
