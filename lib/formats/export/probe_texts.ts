/** The texts that an export is tried with, the same for every model. */
import type { ChatMessage, Tokenizer } from "../../tokenizer/mod.ts";

/** Prose, sums, code, and what is hard on tokenizers: other scripts, spaces, line breaks, joined characters. */
export const PROBE_TEXTS: readonly string[] = [
  "The library opens at nine. A book may be kept for three weeks, and then it has to come back or be asked for again.",
  "Sam has 12 boxes with 7 pens each and gives 15 pens away: 12*7=84, and 84-15=69. #### 69",
  'function greet(name) {\n\treturn `Hello, ${name}!`; // says it\n}\n\nif (x <= 3.5e-2) { y["a_b"] += 1; }',
  "  Straße, naïve, 東京タワー, привет, 👩‍👧 e\u0301 …\r\n\n   It's 5°C; they'll say “no”.",
];

/** A conversation that every chat template takes. */
export const PROBE_CHAT: readonly ChatMessage[] = [
  { role: "user", content: "What is 6 times 7?" },
  { role: "assistant", content: "6 times 7 is 42." },
  { role: "user", content: "And 6 plus 7?" },
];

/** Enough to see whether a model computes right: errors of positions grow with them. */
const MOST_TOKENS = 128;

/**
 * The texts as the tokens of one, as far as the model reads: as many of each as there is room for. The conversation is among
 * them where there is a template.
 */
export function probeTokens(tokenizer: Tokenizer, maxPositions: number): number[] {
  const chat = renderedChat(tokenizer);
  const texts = chat === null ? PROBE_TEXTS : [...PROBE_TEXTS, chat];
  const each = Math.ceil(Math.min(MOST_TOKENS, maxPositions) / texts.length);
  return texts.flatMap((text) => tokenizer.encode(text).slice(0, each)).slice(0, maxPositions);
}

/** The conversation with the beginning of the next answer; null where there is no template, or it refuses. */
export function renderedChat(tokenizer: Tokenizer): string | null {
  try {
    return tokenizer.applyChatTemplate(PROBE_CHAT, { addGenerationPrompt: true });
  } catch {
    return null;
  }
}

/**
 * Compares a tokenizer with the one that it was written from.
 *
 * @returns a line for each thing that is not the same
 */
export function tokenizerDifferences(expected: Tokenizer, found: Tokenizer): string[] {
  const differences: string[] = [];
  const chat = renderedChat(expected);
  for (const text of chat === null ? PROBE_TEXTS : [...PROBE_TEXTS, chat]) {
    const [ids, others] = [expected.encode(text), found.encode(text)];
    const at = ids.findIndex((id, place) => id !== others[place]);
    if (at >= 0 || others.length > ids.length) {
      const place = at < 0 ? ids.length : at;
      differences.push(
        `${quoted(text)} has ${others[place] ?? "no token"} as token ${place}, expected ${ids[place] ?? "none"}`,
      );
    } else if (found.decode(others) !== expected.decode(ids)) {
      differences.push(`${quoted(text)} comes back as another text`);
    }
  }
  if (renderedChat(found) !== chat) differences.push("the chat template renders a conversation as another text");
  if (found.eosTokenId !== expected.eosTokenId) {
    differences.push(`the end token is ${found.eosTokenId}, expected ${expected.eosTokenId}`);
  }
  return differences;
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= 30 ? text : `${text.slice(0, 30)}...`);
}
