import type { ToolCall } from "../../tokenizer/mod.ts";

/** A tool's name with its arguments, all of them plain values. */
export interface RequestedCall {
  name: string;
  arguments: Readonly<Record<string, string | number>>;
}

/** The call as a chat message holds it. */
export function toToolCall({ name, arguments: given }: RequestedCall): ToolCall {
  return { type: "function", function: { name, arguments: { ...given } } };
}

/**
 * Calls as the ChatML template writes them, which is how Hermes and Qwen do: JSON with spaces after `:` and `,`, each
 * between its tags.
 */
export function callText(calls: readonly RequestedCall[]): string {
  return calls.map(({ name, arguments: given }) => {
    const fields = Object.entries(given).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": {${fields.join(", ")}}}\n</tool_call>`;
  }).join("\n");
}
