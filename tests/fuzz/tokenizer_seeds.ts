/** Small tokenizers of the kinds there are, and what strangers might put into them. */
import { chatMlTemplate, type TokenizerFileName } from "../../lib/tokenizer/mod.ts";
import type { Random } from "../../lib/random/mod.ts";
import { oneOf } from "./mutate_bytes.ts";
import { type Json, RawJson, tellingValue } from "./mutate_json.ts";

type JsonObject = { [key: string]: Json };

/** The JSON files of a tokenizer. */
export type SeedFiles = Partial<Record<TokenizerFileName, JsonObject>>;

const added = (contents: string[], first: number, options: JsonObject = {}): Json[] =>
  contents.map((content, i) => ({ id: first + i, content, special: true, normalized: false, ...options }));

const vocabularyOf = (tokens: string[]): JsonObject => Object.fromEntries(tokens.map((token, id) => [token, id]));

/** As GPT-2 writes bytes; enough of them for English. */
const letters = [..."Ġ!'()*,-./0123456789:;<=>?@[]_abcdefghijklmnopqrstuvwxyzABCDEFÃ©Ċĉčäí¥Î±"];

/** Qwen's kind: bytes, cut by a pattern, ChatML. */
const byteLevel: SeedFiles = {
  "tokenizer.json": {
    version: "1.0",
    added_tokens: added(["<|im_start|>", "<|im_end|>"], letters.length + 5),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: {
            Regex:
              "(?i:'s|'t|'re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)|\\s+",
          },
          behavior: "Isolated",
          invert: false,
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabularyOf([...letters, "th", "the", "Ġthe", "at", "cat"]),
      merges: [["t", "h"], ["th", "e"], ["Ġ", "the"], ["a", "t"], ["c", "at"]],
    },
  },
  "tokenizer_config.json": {
    bos_token: null,
    eos_token: "<|im_end|>",
    pad_token: { content: "<|im_end|>", lstrip: false },
    chat_template: chatMlTemplate,
    model_max_length: 32768,
    added_tokens_decoder: { "90": { content: "<|im_start|>", special: true } },
  },
  "special_tokens_map.json": { eos_token: "<|im_end|>", pad_token: "<|im_end|>" },
  "generation_config.json": { eos_token_id: [letters.length + 6], do_sample: true, temperature: 0.7 },
};

/** Llama 2's kind: characters, spaces as a visible character, unknown ones as bytes or one token. */
const pieces = ["<unk>", "<s>", "</s>", "▁", "a", "b", "c", "t", "▁a", "▁ab", "é", "<0x0A>", "<0xE9>", "at"];
const sentencePiece: SeedFiles = {
  "tokenizer.json": {
    added_tokens: added(["<unk>", "<s>", "</s>"], 0),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabularyOf(pieces),
      merges: ["▁ a", "▁a b", "a t"],
    },
  },
  "tokenizer_config.json": {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    chat_template: [
      { name: "default", template: "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}" },
      { name: "tool_use", template: "{{ tools | length }}" },
    ],
  },
  "generation_config.json": { eos_token_id: 2, bos_token_id: 1 },
};

/** RoBERTa's kind, with every other part that the library knows somewhere. */
const oldStyle: SeedFiles = {
  "tokenizer.json": {
    added_tokens: [
      ...added(["<pad>", "<end>"], 70),
      ...added(["Mask me"], 72, { normalized: true, lstrip: true, rstrip: true, special: false }),
    ],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Strip", strip_left: true, strip_right: false },
        { type: "Lowercase" },
        { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true, strip_accents: null },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "Punctuation", behavior: "Isolated" },
        { type: "Metaspace", replacement: "_", prepend_scheme: "first" },
        { type: "FixedLength", length: 5 },
        { type: "ByteLevel", add_prefix_space: true, use_regex: true },
      ],
    },
    post_processor: { type: "RobertaProcessing", sep: ["<end>", 71], cls: ["<pad>", 70], trim_offsets: true },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "BPE",
      unk_token: "e",
      continuing_subword_suffix: "",
      end_of_word_suffix: "",
      ignore_merges: true,
      vocab: vocabularyOf([..."Ġ!',-./0123456789:;abcdefghijklmnopqrstuvwxyz_", "ab", "abc"]),
      merges: [["a", "b"], ["ab", "c"]],
    },
  },
  "tokenizer_config.json": { eos_token: "<end>", pad_token: "<pad>" },
};

export const tokenizerSeeds = [byteLevel, sentencePiece, oldStyle];

/** Patterns that are no patterns, or run forever, or take all memory. */
const patterns = [
  ..."(a+)+$ ^(a|a)*b (.*)*x (a|ab|b)*c ([a-z]+)*1 (x+x+)+y (?:\\s|\\p{White_Space})*! (a?){30}a{30} ((a+){1,20}){1,20}b"
    .split(" "),
  ..."( ) [ ] \\ a{2,1} (?<n>a)\\k<n> \\p{Nope} * (?=a (?i:a [z-a] [^] \\1 (?<!a+)b a{99999} ((a{99}){99}){99} \\u{110000}"
    .split(" "),
  "a".repeat(30_000),
  "(".repeat(5000),
  "[".repeat(5000),
  "(?:".repeat(90) + "a" + ")*".repeat(90),
  "",
  "\\s+$",
  "\\p{L}+",
  ".",
  "(?=a)",
  "[^\\s]+|\\s+",
];

/** Parts of a pipeline, whole, broken and hostile. */
const parts: Json[] = [
  { type: "NFKC" },
  { type: "Nmt" },
  { type: "Sequence", normalizers: [null] },
  { type: "Sequence", pretokenizers: [{}] },
  { type: "Sequence", decoders: [{ type: "Fuse" }, { type: "ByteLevel" }] },
  { type: "Sequence", processors: [{ type: "Sequence", processors: [] }] },
  { type: "Sequence", normalizers: Array(20).fill({ type: "Replace", pattern: { String: "a" }, content: "aa" }) },
  { type: "Sequence", normalizers: Array(9).fill({ type: "Replace", pattern: { Regex: "" }, content: "z" }) },
  { type: "Sequence", pretokenizers: Array(12).fill({ type: "ByteLevel" }) },
  { type: "FixedLength", length: 0 },
  { type: "FixedLength", length: -1 },
  { type: "FixedLength", length: 1 },
  { type: "Replace", content: "x" },
  { type: "Replace", pattern: {}, content: "" },
  { type: "Replace", pattern: { String: "" }, content: "y" },
  { type: "Metaspace", replacement: "" },
  { type: "Metaspace", replacement: "▁", str_rep: "   " },
  { type: "Split", pattern: { String: "a" }, behavior: "Isolated", invert: true },
  { type: "Split", pattern: { String: "a" }, behavior: "Removed", invert: true },
  { type: "Split", pattern: { String: "a" }, behavior: "MergedWithNext", invert: false },
  { type: "TemplateProcessing", single: [] },
  { type: "TemplateProcessing", single: [{ Sequence: { id: "B" } }] },
  { type: "TemplateProcessing", single: Array(10).fill({ Sequence: { id: "A", type_id: 0 } }) },
  { type: "TemplateProcessing", single: ["A"] },
  { type: "BertProcessing" },
  { type: "BertProcessing", sep: ["nobody", 1], cls: ["nobody", 2] },
  { type: "CTC", pad_token: "a", word_delimiter_token: "|", cleanup: true },
  { type: "BPEDecoder", suffix: "" },
  { type: "Strip", content: " ", start: 1e15, stop: 1e15 },
  { type: "constructor" },
  { type: "__proto__" },
];

const nestedPart = (depth: number) =>
  new RawJson('{"type":"Sequence","normalizers":['.repeat(depth) + '{"type":"NFC"}' + "]}".repeat(depth));

/** Values that mean something in a tokenizer's files. */
export function tokenizerValue(random: Random): Json {
  switch (random.integer(0, 5)) {
    case 0:
      return oneOf(random, parts);
    case 1:
      return { Regex: oneOf(random, patterns) };
    case 2:
      return oneOf(random, [
        ...patterns.slice(0, 20),
        "a",
        "b",
        "th",
        "<|im_end|>",
        "<s>",
        "ByteLevel",
        "Removed",
        "▁",
      ]);
    case 3:
      return random.chance(0.1)
        ? nestedPart(oneOf(random, [5, 9, 100, 3000]))
        : oneOf(random, [0, 1, 5, 80, 200, 1e5, 2e5]);
    default:
      return tellingValue(random);
  }
}

/** Templates that loop, grow, recurse, or look for a way out. */
export const hostileTemplates = [
  "{% for i in range(1000000000) %}x{% endfor %}",
  "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
  "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
  "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
  "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
  "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
  "{{ 'a\\nb' | indent(2000000000, true) }}",
  "{{ messages | tojson(indent=2000000000) }}",
  "{{ range(0, 1, 0.000000000000000000001) }}",
  "{{ range(1, 5, 0) }}{{ range('9') }}",
  "{{ ''.__class__.__mro__[1].__subclasses__() }}",
  "{{ messages.constructor.constructor('return Deno')() }}",
  "{{ messages[0]['__proto__']['polluted'] }}{% set messages = 1 %}",
  "{% for m in m %}{% endfor %}{% for m in messages[::0] %}{% endfor %}",
  `${"(".repeat(5000)}{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`,
  `${"{% if 1 %}".repeat(3000)}${"{% endif %}".repeat(3000)}`,
  `{{ ${"[".repeat(5000)}${"]".repeat(5000)} }}`,
  `{{ ${"1+".repeat(5000)}1 }}`,
  "{{ raise_exception('no') }}",
  "{{ strftime_now('%Y') }}{{ strftime_now(1) }}",
  "{% include 'x' %}{% import 'y' as z %}",
  "{%",
  "{{",
  "{#",
  "{% raw %}",
  "{% for %}",
  "{{ 1 // 0 }}{{ 1 % 0 }}",
  "{{ messages | map('upper') | list }}",
];

/** Pieces of templates, to be put together. */
export const templatePieces = [
  ..."{{|}}|{%|%}|{%-|-%}|{#|#}| if | else | elif | endif | for m in messages | endfor | set x = | macro f() | endmacro "
    .split("|"),
  ..." messages[0].content | messages[-1] | m.role | | trim | | tojson | | length | == 'user' | is defined | not | and "
    .split(" | "),
  ..."~ + - * / // % ** ( ) [ ] { } , . : = ' \" \\ loop.index0 loop.last namespace() range(3) none true 1e9 'x'.split('')"
    .split(" "),
];
