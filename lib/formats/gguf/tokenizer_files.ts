/** A tokenizer's files, as far as GGUF needs them. They were checked when the tokenizer was made. */
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { type GgufValue, text, texts } from "./metadata_values.ts";

/** A part of the pipeline, such as the normalizer. */
export interface Part {
  type: string;
  [option: string]: unknown;
}

/** tokenizer.json. */
export interface TokenizerJson {
  added_tokens: {
    id: number;
    content: string;
    special?: boolean;
    lstrip?: boolean;
    rstrip?: boolean;
    single_word?: boolean;
  }[];
  normalizer?: Part | null;
  pre_tokenizer?: Part | null;
  post_processor?: Part | null;
  decoder?: Part | null;
  model: {
    type: string;
    vocab: Record<string, number>;
    merges: (readonly [string, string] | string)[];
    unk_token?: string | null;
    byte_fallback?: boolean | null;
    ignore_merges?: boolean | null;
  };
}

/** The tokenizer's tokenizer.json. */
export function tokenizerJsonOf(tokenizer: Tokenizer): TokenizerJson {
  const json = readJson(tokenizer, "tokenizer.json") as unknown as TokenizerJson;
  return { ...json, added_tokens: json.added_tokens ?? [] };
}

function readJson(tokenizer: Tokenizer, name: "tokenizer.json" | "tokenizer_config.json"): Record<string, unknown> {
  const bytes = tokenizer.files.get(name);
  return bytes === undefined ? {} : JSON.parse(new TextDecoder().decode(bytes));
}

/** The chat template, and others that the tokenizer has by name, such as the one for tools. */
export function chatTemplateFields(tokenizer: Tokenizer): [key: string, value: GgufValue][] {
  const { chat_template } = readJson(tokenizer, "tokenizer_config.json") as { chat_template?: unknown };
  const hasFile = tokenizer.files.has("chat_template.jinja");
  const named = Array.isArray(chat_template) && !hasFile
    ? (chat_template as { name: string; template: string }[]).filter(({ name }) => name !== "default")
    : [];
  return [
    ...(tokenizer.chatTemplate === undefined
      ? []
      : [["tokenizer.chat_template", text(tokenizer.chatTemplate)] as [string, GgufValue]]),
    ...(named.length === 0
      ? []
      : [["tokenizer.chat_templates", texts(named.map(({ name }) => name))] as [string, GgufValue]]),
    ...named.map(({ name, template }): [string, GgufValue] => [`tokenizer.chat_template.${name}`, text(template)]),
  ];
}
