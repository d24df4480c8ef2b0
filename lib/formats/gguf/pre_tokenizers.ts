/**
 * How llama.cpp cuts text into words before byte pairs are merged: `tokenizer.ggml.pre` names one of its built-in ways. Each
 * has a counterpart in Hugging Face's tokenizer.json.
 */
import { qwenSplitPattern } from "../../tokenizer/mod.ts";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const PUNCTUATION_AND_SPACE = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Llama 3's way: up to three digits together. */
const LLAMA3 = String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|${PUNCTUATION_AND_SPACE}`;

/** GPT-2's, which the part `ByteLevel` of tokenizer.json applies by itself. */
const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const DIGIT = String.raw`\p{N}`;

/** A way of cutting, as both sides know it. */
export interface PreTokenizer {
  /** llama.cpp's names. The first is written; all are read. */
  names: readonly [string, ...string[]];
  /** Patterns whose matches become words of their own, one after the other. */
  splits: readonly string[];
  /** Whether a word that is a token as a whole stays whole, whatever the merges say. */
  ignoreMerges: boolean;
  /** Whether tokenizers of the kind bring text into Unicode's form NFC before. llama.cpp never does. */
  nfc: boolean;
  /** Whether llama.cpp puts the first token before a text where the file does not say. */
  addBos: boolean;
}

/** What is written and read. */
export const PRE_TOKENIZERS: readonly PreTokenizer[] = [
  {
    names: ["qwen2", "deepseek-r1-qwen", "megrez", "kormo", "f2llmv2", "stablelm2", "hunyuan", "solar-open"],
    splits: [qwenSplitPattern],
    ignoreMerges: false,
    nfc: true,
    addBos: false,
  },
  {
    names: ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
    splits: [LLAMA3],
    ignoreMerges: true,
    nfc: false,
    addBos: true,
  },
  { names: ["smaug-bpe", "dbrx"], splits: [LLAMA3], ignoreMerges: false, nfc: false, addBos: false },
  {
    names: ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
    splits: [DIGIT, GPT2],
    ignoreMerges: false,
    nfc: false,
    addBos: false,
  },
  {
    names: ["gpt-2", "mpt", "olmo", "jais", "phi-2", "trillion", "granite-docling", "exaone4"],
    splits: [GPT2],
    ignoreMerges: false,
    nfc: false,
    addBos: false,
  },
];

/** What a tokenizer.json holds in its `pre_tokenizer`. */
interface Part {
  type: string;
  [option: string]: unknown;
}

/**
 * The patterns of a tokenizer.json's pre-tokenizer, in the order in which they cut; undefined when it is not one of a
 * byte-level encoding, or does something else besides.
 */
export function splitsOf(part: unknown): string[] | undefined {
  const parts = flat(part as Part | null);
  const last = parts.pop();
  if (last?.type !== "ByteLevel" || last.add_prefix_space) return undefined;
  const splits: string[] = [];
  for (const { type, pattern, behavior, individual_digits } of parts) {
    if (type === "Digits") splits.push(individual_digits ? DIGIT : `${DIGIT}+`);
    else if (type === "Split" && behavior === "Isolated" && typeof (pattern as { Regex?: string }).Regex === "string") {
      splits.push((pattern as { Regex: string }).Regex);
    } else return undefined;
  }
  // The part cuts by itself unless told not to.
  if (last.use_regex ?? true) splits.push(GPT2);
  return splits;
}

function flat(part: Part | null): Part[] {
  if (part === null) return [];
  return part.type === "Sequence" ? (part.pretokenizers as Part[]).flatMap(flat) : [part];
}

/** The one that cuts at these patterns. */
export function preTokenizerOf(splits: readonly string[], ignoreMerges: boolean): PreTokenizer | undefined {
  return PRE_TOKENIZERS.find((one) =>
    one.ignoreMerges === ignoreMerges && one.splits.length === splits.length &&
    one.splits.every((split, i) => split === splits[i])
  );
}

/** The one that llama.cpp calls so. */
export function preTokenizerNamed(name: string): PreTokenizer | undefined {
  return PRE_TOKENIZERS.find(({ names }) => names.includes(name));
}

/** A tokenizer.json's `pre_tokenizer` that cuts at these patterns. */
export function preTokenizerJson(splits: readonly string[]): Part {
  const byItself = splits.at(-1) === GPT2;
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: byItself };
  const parts = splits.slice(0, byItself ? -1 : undefined).map((split): Part =>
    split === DIGIT
      ? { type: "Digits", individual_digits: true }
      : { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false }
  );
  return parts.length === 0 ? byteLevel : { type: "Sequence", pretokenizers: [...parts, byteLevel] };
}
