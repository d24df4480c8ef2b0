/** From rows of preference data to token ids: the formats and defaults of TRL. */
import { type ChatMessage, renderChat, type Tokenizer, type ToolDefinition } from "../tokenizer/mod.ts";
import type { PreferenceExample } from "./dpo_batches.ts";
import { type ChatPreference, inRow, readPreferenceRow, type TextPreference } from "./preference_rows.ts";

/** How rows become tokens. */
export interface PreferenceDatasetOptions {
  tokenizer: Tokenizer;
  /** Ends completions that are texts, unless they end with it already. Default: the tokenizer's own. */
  eosToken?: string;
  /** Tools that all chats may call; a row's own column `tools` goes before. */
  tools?: readonly ToolDefinition[];
}

/**
 * Tokenizes rows of the shapes of `readPreferenceRow`. Texts are put together and get the end token; chats are written
 * by the chat template, and a completion is what follows its generation prompt, up to the template's last token. Rows
 * are not cut here: `dpo` does that.
 *
 * @throws Naming the row, when it has another shape, or the template writes its prompt in two ways.
 */
export function preparePreferenceDataset(
  rows: readonly unknown[],
  options: PreferenceDatasetOptions,
): PreferenceExample[] {
  const eos = endToken(options);
  return rows.map((given, index) =>
    inRow(index, () => {
      const row = readPreferenceRow(given);
      const example = isText(row) ? tokenizeTexts(row, options.tokenizer, eos()) : tokenizeChats(row, options);
      if (example.promptIds.length === 0) throw new Error("the prompt has no token: expected at least one");
      return example;
    })
  );
}

function isText(row: TextPreference | ChatPreference): row is TextPreference {
  return typeof row.prompt === "string";
}

/** Chats need no end token, and may have a tokenizer that names none. */
function endToken({ tokenizer, eosToken }: PreferenceDatasetOptions): () => string {
  if (eosToken !== undefined && tokenizer.tokenToId(eosToken) === undefined) {
    throw new Error(`eosToken ${JSON.stringify(eosToken)} is not a token of the tokenizer`);
  }
  return () => {
    const token = eosToken ??
      (tokenizer.eosTokenId === undefined ? undefined : tokenizer.idToToken(tokenizer.eosTokenId));
    if (token === undefined) throw new Error("the tokenizer names no end token: give one as eosToken");
    return token;
  };
}

/**
 * Prompt and completion are encoded together. Where a token would reach across the border they are encoded apart, as
 * when the model goes on from the prompt by itself.
 */
function tokenizeTexts(
  { prompt, chosen, rejected }: TextPreference,
  tokenizer: Tokenizer,
  eos: string,
): PreferenceExample {
  const promptIds = tokenizer.encode(prompt, { addSpecialTokens: true });
  const complete = (completion: string): number[] => {
    const ended = completion.endsWith(eos) ? completion : completion + eos;
    const ids = tokenizer.encode(prompt + ended, { addSpecialTokens: true });
    return promptIds.every((id, token) => id === ids[token]) ? ids.slice(promptIds.length) : tokenizer.encode(ended);
  };
  return { promptIds, chosenIds: complete(chosen), rejectedIds: complete(rejected) };
}

function tokenizeChats(row: ChatPreference, { tokenizer, tools }: PreferenceDatasetOptions): PreferenceExample {
  const template = { tools: row.tools ?? tools, variables: row.chat_template_kwargs };
  const turnsBefore = row.prompt.filter(({ role }) => role === "assistant").length;
  const complete = (completion: readonly ChatMessage[]) => {
    const { ids, assistantMask } = renderChat(tokenizer, [...row.prompt, ...completion], template);
    const starts = Array.from(assistantMask.keys())
      .filter((token) => assistantMask[token] === 1 && assistantMask[token - 1] !== 1);
    const start = starts[turnsBefore];
    if (start === undefined) throw new Error("the completion cannot be found in the chat as the template writes it");
    return { promptIds: ids.slice(0, start), completionIds: ids.slice(start) };
  };
  const [chosen, rejected] = [complete(row.chosen), complete(row.rejected)];
  if (chosen.promptIds.join() !== rejected.promptIds.join()) {
    throw new Error("the chat template writes the prompt in two ways, depending on what follows");
  }
  return { promptIds: chosen.promptIds, chosenIds: chosen.completionIds, rejectedIds: rejected.completionIds };
}
