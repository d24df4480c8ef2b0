/** What GGUF says of each token, and what is particular to a kind of encoding. */
import type { GgufValue } from "./metadata_values.ts";

/** What a token is for llama.cpp, as `tokenizer.ggml.token_type` says it. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** What kind of encoding a tokenizer is, for llama.cpp. */
export interface EncodingFields {
  model: "gpt2" | "llama";
  /** Keys besides those that all kinds have. */
  fields: [key: string, value: GgufValue][];
  /** The type of a token that was not added. */
  typeOf: (token: string) => number;
  /** What stands for characters that are no token. Bytes need none. */
  unknown?: string;
  /** By id. Only SentencePiece's have them. */
  scores?: Float32Array;
}
