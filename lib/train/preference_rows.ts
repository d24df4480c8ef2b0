/** Rows of preference data as they are found: the shapes of TRL, and those of LLaMA-Factory. */
import { z } from "zod";
import type { ChatMessage, ToolDefinition } from "../tokenizer/mod.ts";

/** A prompt and two ways to go on from it, as texts. */
export interface TextPreference {
  prompt: string;
  chosen: string;
  rejected: string;
}

/** The same as parts of a chat. */
export interface ChatPreference {
  prompt: readonly ChatMessage[];
  /** What follows the prompt: the assistant's answer, and perhaps more. */
  chosen: readonly ChatMessage[];
  rejected: readonly ChatMessage[];
  /** Tools that the chat's template should offer. */
  tools?: readonly ToolDefinition[];
  /** Other variables of the template. */
  chat_template_kwargs?: Record<string, unknown>;
}

/** A row of preference data. */
export type PreferenceRow = TextPreference | ChatPreference;

const message = z.looseObject({
  role: z.string().min(1),
  content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))], {
    error: "expected a text, or a list of parts",
  }).nullish(),
});
const chat = z.array(message).min(1, "expected at least one message");
const chatColumns = {
  /** A list, or JSON text of one. */
  tools: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
};
const texts = z.object({ prompt: z.string(), chosen: z.string(), rejected: z.string() });
const chats = z.object({ prompt: chat, chosen: chat, rejected: chat, ...chatColumns });
const wholeChats = z.object({ chosen: chat, rejected: chat, ...chatColumns });
const toolList = z.array(z.looseObject({}));

/**
 * Reads a row of one of these shapes; other columns are dropped.
 *
 * | row                                               | is                                            |
 * | ------------------------------------------------- | --------------------------------------------- |
 * | `{prompt, chosen, rejected}`, three texts         | texts                                         |
 * | `{prompt, chosen, rejected}`, lists of messages   | parts of a chat                               |
 * | `{chosen, rejected}`, lists of messages           | whole chats: the prompt is what they share    |
 *
 * A text in `prompt` beside whole chats is left out: it stands in them.
 *
 * @throws When the row has another shape; the message names the column.
 */
export function readPreferenceRow(row: unknown): PreferenceRow {
  if (typeof row !== "object" || row === null) throw new Error(`expected an object, got ${JSON.stringify(row)}`);
  const { prompt, chosen }: { prompt?: unknown; chosen?: unknown } = row;
  if (!("chosen" in row) || !("rejected" in row)) {
    const columns = Object.keys(row).map((key) => JSON.stringify(key)).join(", ") || "none";
    throw new Error(
      `expected columns "chosen" and "rejected", with "prompt" or as whole chats; it has ${columns}` +
        ("instruction" in row || "conversations" in row ? "; fromLlamaFactory reads such rows" : ""),
    );
  }
  if (Array.isArray(prompt)) return chatPreference(parse(chats, row));
  if (Array.isArray(chosen)) {
    const parsed = parse(wholeChats, row);
    return chatPreference({ ...parsed, ...splitChats(parsed.chosen, parsed.rejected) });
  }
  return parse(texts, row);
}

function chatPreference(parsed: z.infer<typeof chats>): ChatPreference {
  const { prompt, chosen, rejected, chat_template_kwargs: variables } = parsed;
  for (const [name, [first]] of Object.entries({ chosen, rejected })) {
    if (first.role === "assistant") continue;
    throw new Error(`${name}.0.role: expected "assistant", who goes on from the prompt, got "${first.role}"`);
  }
  const tools = toolsOf(parsed.tools);
  return {
    prompt: prompt as ChatMessage[],
    chosen: chosen as ChatMessage[],
    rejected: rejected as ChatMessage[],
    ...(tools ? { tools } : {}),
    ...(variables ? { chat_template_kwargs: variables } : {}),
  };
}

function toolsOf(tools: z.infer<typeof chats>["tools"]): ToolDefinition[] | undefined {
  if (typeof tools !== "string") return tools as ToolDefinition[] | undefined ?? undefined;
  try {
    return toolList.parse(JSON.parse(tools)) as unknown as ToolDefinition[];
  } catch {
    throw new Error(`tools: expected JSON of a list: ${tools.length <= 100 ? tools : `${tools.slice(0, 97)}...`}`);
  }
}

type Chat = z.infer<typeof chat>;

/** What two chats share is the prompt; each goes on with a turn of the assistant. */
function splitChats(chosen: Chat, rejected: Chat): { prompt: Chat; chosen: Chat; rejected: Chat } {
  const shortest = Math.min(chosen.length, rejected.length);
  let shared = 0;
  while (shared < shortest - 1 && JSON.stringify(chosen[shared]) === JSON.stringify(rejected[shared])) shared++;
  while (shared > 0 && !(chosen[shared].role === "assistant" && rejected[shared].role === "assistant")) shared--;
  if (shared === 0) {
    throw new Error("the chats share no prompt: expected the same messages before a turn of the assistant in both");
  }
  return { prompt: chosen.slice(0, shared), chosen: chosen.slice(shared), rejected: rejected.slice(shared) };
}

const turn = z.object({ from: z.string(), value: z.string() });
const sharegpt = z.looseObject({
  conversations: z.array(turn).min(1, "expected at least one message"),
  chosen: turn,
  rejected: turn,
  system: z.string().nullish(),
});
const alpaca = z.looseObject({
  instruction: z.string(),
  input: z.string().nullish(),
  chosen: z.string(),
  rejected: z.string(),
  system: z.string().nullish(),
  history: z.array(z.tuple([z.string(), z.string()])).nullish(),
});

const ROLES: Readonly<Record<string, string>> = {
  human: "user",
  user: "user",
  gpt: "assistant",
  assistant: "assistant",
  system: "system",
};

/**
 * Rows as LLaMA-Factory has them: `{instruction, input, chosen, rejected}` with `system` and `history` where wanted
 * (input stands on a line of its own after the instruction), or `{conversations, chosen, rejected}` of `{from, value}`.
 *
 * @throws Naming the row and the column.
 */
export function fromLlamaFactory(rows: readonly unknown[]): ChatPreference[] {
  return rows.map((row, index) =>
    inRow(index, () => {
      const isShareGpt = typeof row === "object" && row !== null && "conversations" in row;
      return isShareGpt ? fromShareGpt(parse(sharegpt, row)) : fromAlpaca(parse(alpaca, row));
    })
  );
}

function fromShareGpt({ conversations, chosen, rejected, system }: z.infer<typeof sharegpt>): ChatPreference {
  const read = ({ from, value }: z.infer<typeof turn>): ChatMessage => {
    if (!(from in ROLES)) throw new Error(`from "${from}": expected one of ${Object.keys(ROLES).join(", ")}`);
    return { role: ROLES[from], content: value };
  };
  return chatPreference({
    prompt: [...systemOf(system), ...conversations.map(read)] as Chat,
    chosen: [read(chosen)] as Chat,
    rejected: [read(rejected)] as Chat,
  });
}

function fromAlpaca(row: z.infer<typeof alpaca>): ChatPreference {
  const earlier = (row.history ?? []).flatMap(([question, answer]) => [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ]);
  const content = [row.instruction, row.input].filter((text) => text).join("\n");
  return {
    prompt: [...systemOf(row.system), ...earlier, { role: "user", content }],
    chosen: [{ role: "assistant", content: row.chosen }],
    rejected: [{ role: "assistant", content: row.rejected }],
  };
}

function systemOf(system: string | null | undefined): ChatMessage[] {
  return system ? [{ role: "system", content: system }] : [];
}

/** Does something with a row; an error names it. */
export function inRow<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(`row ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, row: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}
