/** A tokenizer's files as everybody reads them, whatever its own folder lacked. */
import { tokenizerFileNames } from "./files.ts";
import { jsonBytes, readJson } from "./json_files.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * The files that transformers, vLLM, llama.cpp and transformers.js look for: tokenizer.json, tokenizer_config.json,
 * special_tokens_map.json and, where there is a chat template, chat_template.jinja. Those that the tokenizer came with stay as they
 * are; others are made of what is known of it. The template stands in tokenizer_config.json too, since half of the
 * readers look only there. generation_config.json is the model's and not among them.
 */
export function completeTokenizerFiles(tokenizer: Tokenizer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of tokenizerFileNames) {
    const bytes = tokenizer.files.get(name);
    if (bytes && name !== "generation_config.json") files.set(name, bytes);
  }
  const special = specialTokens(tokenizer);
  if (!files.has("special_tokens_map.json")) files.set("special_tokens_map.json", jsonBytes(special));
  const config: Record<string, unknown> = files.has("tokenizer_config.json")
    ? readJson(tokenizer, "tokenizer_config.json")
    : { tokenizer_class: "PreTrainedTokenizerFast", ...special };
  const { chatTemplate } = tokenizer;
  // Where the configuration has several templates by name, a file with one would hide the others.
  if (chatTemplate !== undefined && (files.has("chat_template.jinja") || !Array.isArray(config.chat_template))) {
    if (config.chat_template !== chatTemplate) {
      files.set("tokenizer_config.json", jsonBytes({ ...config, chat_template: chatTemplate }));
    }
    files.set("chat_template.jinja", files.get("chat_template.jinja") ?? new TextEncoder().encode(chatTemplate));
  } else if (!files.has("tokenizer_config.json")) files.set("tokenizer_config.json", jsonBytes(config));
  return files;
}

function specialTokens(tokenizer: Tokenizer): Record<string, string> {
  const { bosTokenId, eosTokenId, padTokenId } = tokenizer;
  const named = Object.entries({ bos_token: bosTokenId, eos_token: eosTokenId, pad_token: padTokenId });
  return Object.fromEntries(
    named.flatMap(([name, id]) => id === undefined ? [] : [[name, tokenizer.idToToken(id)!]]),
  );
}
