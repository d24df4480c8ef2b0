import { chatMlTemplate } from "./chatml.ts";
import type { TokenizerFiles } from "./files.ts";
import type { TrainedBpe } from "./train_bpe.ts";

export interface TokenizerFilesOptions {
  /** Ends a turn, and a text in training. Default `<|im_end|>`. */
  eosToken?: string;
  /** Fills up batches. Default `<|endoftext|>`. */
  padToken?: string;
  /** Jinja text. Default {@link chatMlTemplate}; null for none. */
  chatTemplate?: string | null;
  /** Tokens that the model can take. Default 32768. */
  modelMaxLength?: number;
}

/**
 * The files of a Hugging Face tokenizer folder for a trained encoding: tokenizer.json, tokenizer_config.json and
 * special_tokens_map.json, as transformers' AutoTokenizer reads them. `new Tokenizer(folder, files)` uses them, its
 * `save` writes them.
 *
 * @throws {RangeError} when the end or padding token is not an added token
 */
export function tokenizerFiles(trained: TrainedBpe, options: TokenizerFilesOptions = {}): TokenizerFiles {
  const { eosToken = "<|im_end|>", padToken = "<|endoftext|>", chatTemplate = chatMlTemplate, modelMaxLength = 32768 } =
    options;
  for (const token of [eosToken, padToken]) {
    if (trained.addedTokens.some(({ content }) => content === token)) continue;
    throw new RangeError(`${JSON.stringify(token)} is not among the added tokens of the trained encoding.`);
  }
  const addedTokens = trained.addedTokens.map(({ content, special }, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special,
  }));
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const tokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: trained.splitPattern }, behavior: "Isolated", invert: false },
        byteLevel,
      ],
    },
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(trained.vocabulary.map((token, id) => [token, id])),
      merges: trained.merges,
    },
  };
  const config = {
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(addedTokens.map(({ id, ...token }) => [String(id), token])),
    bos_token: null,
    ...(chatTemplate === null ? {} : { chat_template: chatTemplate }),
    clean_up_tokenization_spaces: false,
    eos_token: eosToken,
    model_max_length: modelMaxLength,
    pad_token: padToken,
    tokenizer_class: "PreTrainedTokenizerFast",
    unk_token: null,
  };
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  return new Map([
    ["tokenizer.json", encode(tokenizerJson)],
    ["tokenizer_config.json", encode(config)],
    ["special_tokens_map.json", encode({ eos_token: eosToken, pad_token: padToken })],
  ]);
}
