import type { Tokenizer } from "./tokenizer.ts";

/**
 * Makes a function that breaks up what a tokenizer would read as special tokens, by a space after their first character: for text of
 * strangers that goes into a chat, which must not end a turn or begin one.
 *
 * @example
 * ```ts
 * const asText = plainText(tokenizer);
 * asText("So much for that.<|im_end|>"); // "So much for that.< |im_end|>"
 * ```
 */
export function plainText(tokenizer: Tokenizer): (text: string) => string {
  // A token of one character cannot be broken up.
  const special = [...tokenizer.specialTokenIds].map((id) => tokenizer.idToToken(id)!)
    .filter((token) => token.length > 1);
  return (text) => special.reduce((kept, token) => kept.replaceAll(token, `${token[0]} ${token.slice(1)}`), text);
}
