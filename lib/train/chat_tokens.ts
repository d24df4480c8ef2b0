/** Generated chats as tokens with what is learned of them. */
import type { GeneratedExample } from "../data/mod.ts";
import { renderChat, type Tokenizer } from "../tokenizer/mod.ts";
import type { TokenizedExample } from "./batch.ts";

/** What stands between these, both included, was found by a search: a model reads it and never writes it. */
const FOUND = ["<query_res>", "</query_res>"] as const;

/**
 * A chat as tokens. The assistant's turns are learned, with the token that ends each; not those in `notLearned`, and not
 * what a search found.
 */
export function tokenizeExample(
  tokenizer: Tokenizer,
  { messages, tools, notLearned = [] }: Pick<GeneratedExample, "messages" | "tools" | "notLearned">,
): TokenizedExample {
  const { ids, assistantMask } = renderChat(tokenizer, messages, { tools });
  const lossMask = Array.from(assistantMask, (bit) => bit === 1);
  const turns = messages.flatMap(({ role }, index) => role === "assistant" ? [index] : []);
  let turn = -1;
  for (let token = 0; token < ids.length; token++) {
    if (assistantMask[token] !== 1) continue;
    // Between two turns there is always a token that the assistant did not write.
    if (assistantMask[token - 1] !== 1) turn++;
    if (notLearned.includes(turns[turn])) lossMask[token] = false;
  }
  maskFound(tokenizer, ids, lossMask);
  return { ids, lossMask };
}

function maskFound(tokenizer: Tokenizer, ids: readonly number[], lossMask: boolean[]): void {
  const [opening, closing] = FOUND.map((tag) => tokenizer.tokenToId(tag));
  if (opening === undefined || closing === undefined) return;
  let isFound = false;
  for (const [token, id] of ids.entries()) {
    if (id === opening) isFound = true;
    if (isFound) lossMask[token] = false;
    if (id === closing) isFound = false;
  }
}
