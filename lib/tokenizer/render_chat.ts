import { type ChatMessage, ChatTemplateError, type ChatTemplateOptions } from "./chat_template.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A conversation as tokens, with those that the assistant wrote. */
export interface RenderedChat {
  text: string;
  ids: number[];
  /** For each id 1 when the assistant wrote it, the token that ends its turn included, else 0. */
  assistantMask: Uint8Array;
}

/** A stretch of text, from `start` up to `end`. */
interface Span {
  start: number;
  end: number;
}

/**
 * Renders a conversation and finds the assistant's tokens in it, for a loss on those alone. An assistant's turn is what
 * the template adds to the generation prompt, up to and including the token that ends the turn. Pieces are encoded
 * apart, so that a turn begins with the same tokens as when the model itself goes on from the generation prompt.
 *
 * The mask comes from differences between rendered prefixes, since the JavaScript Jinja drops `{% generation %}`.
 * Templates that rewrite earlier turns (Qwen3 removes their reasoning) have no such prefixes: there the generation
 * prompt, if it holds a special token, is looked for in the text.
 *
 * @throws {ChatTemplateError} when the template refuses the messages, or the turns cannot be found
 */
export function renderChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: Pick<ChatTemplateOptions, "tools" | "variables"> = {},
): RenderedChat {
  const text = tokenizer.applyChatTemplate(messages, options);
  const turns = messages.flatMap(({ role }, i) => role === "assistant" ? [i] : []);
  const ends = tokenizer.eosTokenIds.map((id) => tokenizer.idToToken(id)!);
  const spans = spansByPrefix(tokenizer, messages, turns, options, text, ends) ??
    spansByPrompt(tokenizer, messages, turns, options, text, ends);
  const ids: number[] = [];
  const mask: number[] = [];
  let position = 0;
  const add = (end: number, value: 0 | 1) => {
    if (end === position) return;
    for (const id of tokenizer.encode(text.slice(position, end))) {
      ids.push(id);
      mask.push(value);
    }
    position = end;
  };
  for (const { start, end } of spans) {
    add(start, 0);
    add(end, 1);
  }
  add(text.length, 0);
  return { text, ids, assistantMask: Uint8Array.from(mask) };
}

/** The turns as differences between prefixes; nothing when the text of fewer messages is not a prefix of the whole. */
function spansByPrefix(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  turns: number[],
  options: ChatTemplateOptions,
  text: string,
  ends: string[],
): Span[] | undefined {
  const spans: Span[] = [];
  for (const turn of turns) {
    const before = tokenizer.applyChatTemplate(messages.slice(0, turn), { ...options, addGenerationPrompt: true });
    const after = tokenizer.applyChatTemplate(messages.slice(0, turn + 1), options);
    if (!text.startsWith(before) || !text.startsWith(after) || after.length < before.length) return undefined;
    const start = before.length;
    spans.push({ start, end: endOfTurn(text, start, after.length, ends) });
  }
  return spans;
}

/**
 * The turn ends with the last end token the template wrote; what follows, a line end mostly, belongs to the template.
 */
function endOfTurn(text: string, start: number, limit: number, ends: string[]): number {
  const last = Math.max(
    ...ends.map((end) => {
      const at = text.lastIndexOf(end, limit - end.length);
      return at < start ? -1 : at + end.length;
    }),
    -1,
  );
  return last < 0 ? limit : last;
}

/** The turns as what stands between a generation prompt and the next end token. */
function spansByPrompt(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  turns: number[],
  options: ChatTemplateOptions,
  text: string,
  ends: string[],
): Span[] {
  const asked = messages.slice(0, turns[0]);
  const prompt = tokenizer.applyChatTemplate(asked, { ...options, addGenerationPrompt: true })
    .slice(tokenizer.applyChatTemplate(asked, options).length);
  // Without a special token it might stand in a message as well.
  const isSafe = tokenizer.encode(prompt).some((id) => tokenizer.specialTokenIds.has(id));
  const spans: Span[] = [];
  for (let at = text.indexOf(prompt); isSafe && at >= 0;) {
    const start = at + prompt.length;
    const found = ends.map((end) => text.indexOf(end, start) + end.length).filter((end) => end > start);
    const end = found.length === 0 ? text.length : Math.min(...found);
    spans.push({ start, end });
    at = text.indexOf(prompt, end);
  }
  if (spans.length === turns.length) return spans;
  throw new ChatTemplateError(
    "The assistant's turns cannot be told apart: the chat template rewrites earlier turns, and its generation prompt " +
      `${JSON.stringify(prompt)} does not mark them. Train on one row for each turn instead.`,
  );
}
