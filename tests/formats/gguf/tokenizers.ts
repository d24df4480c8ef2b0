/** Tokenizers of all kinds that GGUF can hold, in the forms in which published models have them. */
import {
  chatMlTokens,
  qwenSplitPattern,
  Tokenizer,
  type TokenizerFileName,
  tokenizerFiles,
  trainBpe,
} from "../../../lib/tokenizer/mod.ts";
import { GOLDEN } from "../../support/golden.ts";
import { HOUSE_MODEL } from "../../support/house_model.ts";
import { sampleTexts } from "./sample_texts.ts";

const LLAMA3 = String
  .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const BYTES = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** Merges that join whatever stands side by side: a text that is cut elsewhere becomes other tokens. */
const trained = await trainBpe({
  texts: sampleTexts(1500),
  vocabSize: 1200,
  addedTokens: chatMlTokens,
  splitPattern: String.raw`[\s\S]{1,10}`,
});
const trainedFiles = new Map(tokenizerFiles(trained));
// Else it would name what a changed tokenizer_config.json does not.
trainedFiles.delete("special_tokens_map.json");

function trainedJson(name: TokenizerFileName): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(trainedFiles.get(name)));
}

/** The house model's, which is Qwen2's kind. */
export const houseTokenizer = () => Tokenizer.load(HOUSE_MODEL);

/** SentencePiece's kind, as Llama 2 and TinyLlama have it. */
export const sentencePieceTokenizer = () => Tokenizer.load(`${GOLDEN}tokenizer/sentencepiece`);

/** A small tokenizer with ChatML, parts of its tokenizer.json changed; its vocabulary is the same. */
export function changedTokenizer(
  parts: Record<string, unknown>,
  options: { model?: Record<string, unknown>; config?: Record<string, unknown>; generation?: unknown } = {},
): Tokenizer {
  const json = trainedJson("tokenizer.json") as { model: Record<string, unknown> };
  const changes: Partial<Record<TokenizerFileName, unknown>> = {
    "tokenizer.json": { ...json, ...parts, model: { ...json.model, ...options.model } },
    "tokenizer_config.json": { ...trainedJson("tokenizer_config.json"), ...options.config },
    ...(options.generation === undefined ? {} : { "generation_config.json": options.generation }),
  };
  const encoder = new TextEncoder();
  const changed = Object.entries(changes).map(([name, json]) => [name, encoder.encode(JSON.stringify(json))] as const);
  return new Tokenizer("changed", new Map([...trainedFiles, ...changed as [TokenizerFileName, Uint8Array][]]));
}

function split(pattern: string): unknown {
  return {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
      { ...BYTES, use_regex: false },
    ],
  };
}

function startingWith(token: string, id: number): unknown {
  const template = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
  return { type: "Sequence", processors: [BYTES, template] };
}

/** Llama 3's: three digits together, a first token before each text, two tokens that end one. */
export const llama3Tokenizer = () =>
  changedTokenizer(
    { normalizer: null, pre_tokenizer: split(LLAMA3), post_processor: startingWith("<|im_start|>", 1) },
    {
      model: { ignore_merges: true },
      config: { bos_token: "<|im_start|>" },
      generation: { eos_token_id: [0, 2] },
    },
  );

/** SmolLM2's: single digits, and otherwise as GPT-2. */
export const smolTokenizer = () =>
  changedTokenizer({
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, BYTES] },
  }, { config: { bos_token: "<|im_start|>" } });

/** GPT-2's. */
export const gpt2Tokenizer = () => changedTokenizer({ normalizer: null, pre_tokenizer: BYTES });

/** Llama 3's cuts with merges that are always applied. */
export const mergedLlama3Tokenizer = () => changedTokenizer({ normalizer: null, pre_tokenizer: split(LLAMA3) });

/** Qwen2's, with those merges. */
export const qwenTokenizer = () => changedTokenizer({ pre_tokenizer: split(qwenSplitPattern) });

/** All of them, by what llama.cpp calls them. */
export const TOKENIZERS: Readonly<Record<string, () => Tokenizer | Promise<Tokenizer>>> = {
  "the house's": houseTokenizer,
  "qwen2": qwenTokenizer,
  "llama-bpe": llama3Tokenizer,
  "smollm": smolTokenizer,
  "gpt-2": gpt2Tokenizer,
  "smaug-bpe": mergedLlama3Tokenizer,
  "SentencePiece": sentencePieceTokenizer,
};
