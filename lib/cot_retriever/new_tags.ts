/** Tags as new tokens of a tokenizer. */
import { addTokens, type Tokenizer, withoutTokens } from "../tokenizer/mod.ts";
import { TAG_TOKENS } from "./tags.ts";

/**
 * The tokenizer with a token for each tag: those that it lacks go behind all others. They are no special tokens, since their text is
 * to be read.
 */
export function withTagTokens(tokenizer: Tokenizer): Tokenizer {
  return addTokens(tokenizer, TAG_TOKENS);
}

/**
 * The tokenizer without its tokens for the tags, as that of a model that has never seen them. For learning tags from nothing with a
 * model that knows them.
 */
export function withoutTagTokens(tokenizer: Tokenizer): Tokenizer {
  return withoutTokens(tokenizer, TAG_TOKENS);
}
