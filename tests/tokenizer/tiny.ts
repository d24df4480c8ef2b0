import { chatMlTokens, Tokenizer, type TokenizerFileName, tokenizerFiles, trainBpe } from "../../lib/tokenizer/mod.ts";

const trained = await trainBpe({
  texts: ["the cat sat on the mat and the dog sat on the log, user and assistant and system"],
  vocabSize: 320,
  addedTokens: chatMlTokens,
});

/** The files of a small tokenizer with ChatML, some of them replaced (JSON or text) or left out (undefined). */
export function tinyFiles(
  changes: Partial<Record<TokenizerFileName, unknown>> = {},
): Map<TokenizerFileName, Uint8Array> {
  const files = new Map(tokenizerFiles(trained));
  for (const [name, value] of Object.entries(changes) as [TokenizerFileName, unknown][]) {
    if (value === undefined) files.delete(name);
    else files.set(name, new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
  }
  return files;
}

/** A small tokenizer with ChatML. */
export function tinyTokenizer(changes: Partial<Record<TokenizerFileName, unknown>> = {}): Tokenizer {
  return new Tokenizer("tiny", tinyFiles(changes));
}

/** The tiny tokenizer's file as JSON, to be changed. */
export function tinyJson(name: TokenizerFileName): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(tinyFiles().get(name)));
}
