import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";

/** Bytes that are taken for one token where nobody can tell; English has about four, most other languages fewer. */
const BYTES_PER_TOKEN = 3;
const encoder = new TextEncoder();

/** About how many tokens a text has, rather too many than too few: a third of its bytes. */
export function estimateTextTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / BYTES_PER_TOKEN);
}

/** About how many tokens a chat has with its tools: a third of what is said, called and offered, in bytes. */
export function estimateTokens(messages: readonly ChatMessage[], tools: readonly ToolDefinition[] = []): number {
  let tokens = 0;
  for (const { role, content, tool_calls: calls = [] } of messages) {
    const said = typeof content === "string" ? content : content ? JSON.stringify(content) : "";
    tokens += estimateTextTokens(role + said);
    for (const call of calls) tokens += estimateTextTokens(JSON.stringify(call.function));
  }
  for (const tool of tools) tokens += estimateTextTokens(JSON.stringify(tool.function));
  return tokens;
}
