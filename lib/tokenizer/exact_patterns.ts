/**
 * Two parts of a tokenizer.json bring a pattern of their own, which @huggingface/tokenizers runs with JavaScript's idea of white
 * space (U+FEFF is, U+0085 is not) and of digits (0 to 9 alone). Written out as a Split, which it reads as Oniguruma does, they
 * cut where transformers and llama.cpp do.
 */
import type { TokenizerJson } from "./files.ts";
import type { Part } from "./parts.ts";

/** GPT-2's, which ByteLevel applies unless told not to. */
const WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** The same tokenizer for the library. */
export function withExactPatterns(json: TokenizerJson): TokenizerJson {
  if (json.pre_tokenizer === null) return json;
  return { ...json, pre_tokenizer: exact(json.pre_tokenizer as Part) };
}

function exact(part: Part): Part {
  if (part.type === "Sequence") return { ...part, pretokenizers: (part.pretokenizers as Part[]).map(exact) };
  if (part.type === "Digits") return split(part.individual_digits ? String.raw`\p{N}` : String.raw`\p{N}+`);
  // A space before the text has to come before the cuts.
  if (part.type !== "ByteLevel" || part.add_prefix_space || part.use_regex === false) return part;
  return { type: "Sequence", pretokenizers: [split(WORDS), { ...part, use_regex: false }] };
}

function split(pattern: string): Part {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}
