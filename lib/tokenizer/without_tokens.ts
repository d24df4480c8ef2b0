/** A tokenizer without some of its tokens, as that of a model that has never seen them. */
import { jsonBytes, readJson, type TokenizerJson } from "./json_files.ts";
import { Tokenizer } from "./tokenizer.ts";

/**
 * The same tokenizer without tokens of these texts, which are then spelled like any other. The ids stay, as those of no token.
 * What it never had is passed over.
 */
export function withoutTokens(tokenizer: Tokenizer, contents: readonly string[]): Tokenizer {
  const stays = (content: string) => !contents.includes(content);
  const files = new Map(tokenizer.files);
  const json = readJson(tokenizer, "tokenizer.json") as TokenizerJson & { model: { vocab: Record<string, number> } };
  json.added_tokens = (json.added_tokens ?? []).filter(({ content }) => stays(content));
  json.model.vocab = Object.fromEntries(Object.entries(json.model.vocab).filter(([content]) => stays(content)));
  files.set("tokenizer.json", jsonBytes(json));
  if (files.has("tokenizer_config.json")) {
    const config = readJson(tokenizer, "tokenizer_config.json") as {
      added_tokens_decoder?: Record<string, { content: string }>;
    };
    if (config.added_tokens_decoder) {
      const entries = Object.entries(config.added_tokens_decoder);
      config.added_tokens_decoder = Object.fromEntries(entries.filter(([, { content }]) => stays(content)));
    }
    files.set("tokenizer_config.json", jsonBytes(config));
  }
  return new Tokenizer(tokenizer.folder, files);
}
