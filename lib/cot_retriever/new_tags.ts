/** Tags as new tokens of a tokenizer. */
import { addTokens, Tokenizer } from "../tokenizer/mod.ts";
import { TAG_TOKENS } from "./tags.ts";

/**
 * The tokenizer with a token for each tag: those that it lacks go behind all others. They are no special tokens, since their text is
 * to be read.
 */
export function withTagTokens(tokenizer: Tokenizer): Tokenizer {
  return addTokens(tokenizer, TAG_TOKENS);
}

/**
 * The tokenizer without its tokens for the tags, as that of a model that has never seen them: their texts are then spelled like any
 * other. The ids stay, as those of no token. For learning tags from nothing with a model that knows them.
 */
export function withoutTagTokens(tokenizer: Tokenizer): Tokenizer {
  const isTag = (content: string) => (TAG_TOKENS as readonly string[]).includes(content);
  const files = new Map(tokenizer.files);
  const change = (name: "tokenizer.json" | "tokenizer_config.json", to: (json: Record<string, unknown>) => void) => {
    const bytes = files.get(name);
    if (bytes === undefined) return;
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    to(json);
    files.set(name, new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  };
  change("tokenizer.json", (json) => {
    const { added_tokens: added = [], model } = json as {
      added_tokens?: { content: string }[];
      model: { vocab: Record<string, number> };
    };
    json.added_tokens = added.filter(({ content }) => !isTag(content));
    model.vocab = Object.fromEntries(Object.entries(model.vocab).filter(([content]) => !isTag(content)));
  });
  change("tokenizer_config.json", (json) => {
    const { added_tokens_decoder: decoder } = json as { added_tokens_decoder?: Record<string, { content: string }> };
    if (!decoder) return;
    json.added_tokens_decoder = Object.fromEntries(
      Object.entries(decoder).filter(([, { content }]) => !isTag(content)),
    );
  });
  return new Tokenizer(tokenizer.folder, files);
}
