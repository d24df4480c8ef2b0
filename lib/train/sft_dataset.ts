/** From rows as data sets have them, text or chats, to token ids with a loss mask: the formats and defaults of TRL. */
import { z } from "zod";
import { type ChatMessage, renderChat, type Tokenizer, type ToolDefinition } from "../tokenizer/mod.ts";
import { type TokenizedExample, trainsNothing } from "./batch.ts";

/** How rows become tokens; names and defaults as in TRL. */
export interface SftDatasetOptions {
  tokenizer: Tokenizer;
  /** Train on completions and not on prompts. Default: true for rows with `prompt` and `completion`, the only ones it is for. */
  completionOnlyLoss?: boolean;
  /** Train on what the assistant says, with the token that ends each turn, and on nothing else of a chat. Default false. */
  assistantOnlyLoss?: boolean;
  /** Ends texts and completions that are no chats, unless they end with it already. Default: the tokenizer's own. */
  eosToken?: string;
  /** The column with the text. Default `"text"`. */
  datasetTextField?: string;
  /** Tools that all chats may call; a row's own column `tools` goes before. */
  tools?: readonly ToolDefinition[];
}

const message = z.looseObject({
  role: z.string().min(1),
  content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))], {
    error: "expected a text, or a list of parts",
  }).nullish(),
});
const chat = z.array(message).min(1, "expected at least one message");
const toolsColumn = z.object({ tools: z.array(z.looseObject({})).nullish() });
const chatColumns = {
  /** A list, or JSON text of one. */
  tools: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
};
const messagesRow = z.looseObject({ messages: chat, ...chatColumns });
const chatPair = z.looseObject({ prompt: chat, completion: chat, ...chatColumns });
const textPair = z.looseObject({ prompt: z.string(), completion: z.string() });

/**
 * Tokenizes rows of one of these shapes; other columns are left alone.
 *
 * | row                                                   | is                                | trained on by default   |
 * | ----------------------------------------------------- | --------------------------------- | ----------------------- |
 * | `{text}`                                              | the text and the end token        | everything              |
 * | `{prompt, completion}`, two texts                     | both together and the end token   | completion, end token   |
 * | `{prompt, completion}`, two lists of messages         | the chat by the chat template     | what follows the prompt |
 * | `{messages}`, with `tools` and `chat_template_kwargs` | the chat by the chat template     | everything              |
 *
 * An empty completion is no error: it trains the end token alone, which is to say nothing.
 *
 * Rows are not cut here: `sft` does that, since what becomes of the rest depends on how it packs.
 *
 * @throws Naming the row's index, when it has another shape, an option does not suit it, or no token would be trained on.
 */
export function prepareSftDataset(rows: readonly unknown[], options: SftDatasetOptions): TokenizedExample[] {
  const eos = endToken(options);
  return rows.map((row, index) => {
    try {
      const example = tokenizeRow(row, options, eos);
      if (trainsNothing(example.lossMask)) {
        throw new Error("no token would be trained on: is the completion or the assistant's part empty?");
      }
      return example;
    } catch (cause) {
      throw new Error(`row ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  });
}

function endToken({ tokenizer, eosToken }: SftDatasetOptions): string {
  if (eosToken !== undefined) {
    if (tokenizer.tokenToId(eosToken) !== undefined) return eosToken;
    throw new Error(`eosToken ${JSON.stringify(eosToken)} is not a token of the tokenizer`);
  }
  const token = tokenizer.eosTokenId === undefined ? undefined : tokenizer.idToToken(tokenizer.eosTokenId);
  if (token === undefined) throw new Error("the tokenizer names no end token: give one as eosToken");
  return token;
}

function tokenizeRow(row: unknown, options: SftDatasetOptions, eos: string): TokenizedExample {
  if (typeof row !== "object" || row === null) throw new Error(`expected an object, got ${JSON.stringify(row)}`);
  const { datasetTextField = "text" } = options;
  if ("messages" in row) return tokenizeMessages(parse(messagesRow, row), options);
  if ("prompt" in row || "completion" in row) {
    const isChat = "prompt" in row && Array.isArray(row.prompt);
    return isChat
      ? tokenizeChatPair(parse(chatPair, row), options)
      : tokenizeTextPair(parse(textPair, row), options, eos);
  }
  if (datasetTextField in row) {
    return tokenizeText(parse(z.looseObject({ [datasetTextField]: z.string() }), row)[datasetTextField], options, eos);
  }
  throw new Error(
    `expected a column "${datasetTextField}", columns "prompt" and "completion", or a column "messages"; ` +
      `it has ${Object.keys(row).map((key) => `"${key}"`).join(", ") || "none"}`,
  );
}

function tokenizeText(text: string, options: SftDatasetOptions, eos: string): TokenizedExample {
  refuseCompletionOnly(options);
  refuseAssistantOnly(options);
  const ids = options.tokenizer.encode(ended(text, eos), { addSpecialTokens: true });
  return { ids, lossMask: ids.map(() => true) };
}

/**
 * Both texts are encoded together. Where a token would reach across the border (the end of the prompt and the beginning of
 * the completion merge) they are encoded apart, as when the model goes on from the prompt by itself.
 */
function tokenizeTextPair(
  { prompt, completion }: z.infer<typeof textPair>,
  options: SftDatasetOptions,
  eos: string,
): TokenizedExample {
  refuseAssistantOnly(options);
  const { tokenizer, completionOnlyLoss = true } = options;
  const promptIds = tokenizer.encode(prompt, { addSpecialTokens: true });
  let ids = tokenizer.encode(prompt + ended(completion, eos), { addSpecialTokens: true });
  if (promptIds.some((id, token) => id !== ids[token])) {
    ids = [...promptIds, ...tokenizer.encode(ended(completion, eos))];
  }
  return { ids, lossMask: ids.map((_, token) => !completionOnlyLoss || token >= promptIds.length) };
}

function tokenizeMessages(row: z.infer<typeof messagesRow>, options: SftDatasetOptions): TokenizedExample {
  refuseCompletionOnly(options);
  const { ids, assistantMask } = render(row.messages, row, options);
  return { ids, lossMask: ids.map((_, token) => !options.assistantOnlyLoss || assistantMask[token] === 1) };
}

/** The completion begins where the template ends its generation prompt; what it writes after the last turn is trained, as in TRL. */
function tokenizeChatPair(row: z.infer<typeof chatPair>, options: SftDatasetOptions): TokenizedExample {
  const { completionOnlyLoss = true, assistantOnlyLoss = false } = options;
  if (row.completion[0].role !== "assistant") {
    throw new Error(
      `completion.0.role: expected "assistant", who goes on from the prompt, got "${row.completion[0].role}"`,
    );
  }
  const { ids, assistantMask } = render([...row.prompt, ...row.completion], row, options);
  const turnsBefore = row.prompt.filter(({ role }) => role === "assistant").length;
  const start = assistantTurns(assistantMask)[turnsBefore];
  if (start === undefined) throw new Error("the completion cannot be found in the chat as the template writes it");
  return {
    ids,
    lossMask: ids.map((_, token) =>
      (!completionOnlyLoss || token >= start) && (!assistantOnlyLoss || assistantMask[token] === 1)
    ),
  };
}

/** Where each stretch of the assistant's tokens begins. */
function assistantTurns(mask: Uint8Array): number[] {
  return Array.from(mask.keys()).filter((token) => mask[token] === 1 && mask[token - 1] !== 1);
}

function render(
  messages: z.infer<typeof chat>,
  row: { tools?: unknown; chat_template_kwargs?: Record<string, unknown> | null },
  options: SftDatasetOptions,
) {
  const own = typeof row.tools === "string" ? parse(toolsColumn, { tools: parseJson(row.tools) }).tools : row.tools;
  return renderChat(options.tokenizer, messages as readonly ChatMessage[], {
    tools: (own ?? options.tools) as readonly ToolDefinition[] | undefined,
    variables: row.chat_template_kwargs ?? undefined,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`tools: not JSON: ${text.length <= 100 ? text : `${text.slice(0, 97)}...`}`);
  }
}

function ended(text: string, eos: string): string {
  return text.endsWith(eos) ? text : text + eos;
}

function parse<Schema extends z.ZodType>(schema: Schema, row: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  // A common other layout of chats, which has the same in it.
  const hint = JSON.stringify(row)?.includes('"from":')
    ? "; rename from and value to role and content (user, assistant)"
    : "";
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ") + hint);
}

function refuseCompletionOnly({ completionOnlyLoss }: SftDatasetOptions): void {
  if (completionOnlyLoss) throw new Error('completionOnlyLoss needs the columns "prompt" and "completion"');
}

function refuseAssistantOnly({ assistantOnlyLoss }: SftDatasetOptions): void {
  if (assistantOnlyLoss) throw new Error("assistantOnlyLoss needs a chat: lists of messages with roles");
}
