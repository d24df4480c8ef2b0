import { type ChatMessage, plainText, type Tokenizer, type ToolDefinition } from "../../tokenizer/mod.ts";
import { withoutResultTags } from "./result_tags.ts";

/** What goes into the chat template. */
export interface PlainChat {
  messages: ChatMessage[];
  tools: ToolDefinition[];
}

/**
 * Makes a function that gives the same chat without the text of any special token: a page or a tool's result that holds
 * `<|im_end|>` would else end its turn and could speak as the system. In results of tools, the tags that set them off are
 * broken up too.
 */
export function plainChat(
  tokenizer: Tokenizer,
): (messages: readonly ChatMessage[], tools?: readonly ToolDefinition[]) => PlainChat {
  const plain = plainText(tokenizer);
  const plainResult = (text: string) => plain(withoutResultTags(text));
  return (messages, tools = []) => ({
    messages: messages.map((message) => changed(message, message.role === "tool" ? plainResult : plain)),
    tools: tools.map((tool) => changed(tool, plain)),
  });
}

/** The same value with every text within it changed; keys too, since a model may have chosen them. */
function changed<Value>(value: Value, change: (text: string) => string): Value {
  return changedValue(value, change) as Value;
}

function changedValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((inner) => changedValue(inner, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [change(key), changedValue(inner, change)]));
}
