/** A tokenizer's files as JSON, to make another tokenizer of them. */
import type { Tokenizer } from "./tokenizer.ts";

/** An entry of `added_tokens` in tokenizer.json, in the order in which Hugging Face writes its fields. */
export interface AddedTokenJson {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** tokenizer.json. */
export interface TokenizerJson {
  added_tokens?: AddedTokenJson[];
  [field: string]: unknown;
}

/** One of a tokenizer's files, which were parsed and checked when it was made. */
export function readJson(
  tokenizer: Tokenizer,
  name: "tokenizer.json" | "tokenizer_config.json" | "added_tokens.json",
): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(tokenizer.files.get(name))) as Record<string, unknown>;
}

/** A file as it is written. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}
