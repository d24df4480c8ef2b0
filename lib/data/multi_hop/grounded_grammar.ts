/**
 * The text form of answers that rest on numbered evidence: statements with the numbers of the passages behind them, and
 * a line of exact words from each.
 */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { Passage } from "./r3_grammar.ts";

/** The system prompt of these chats. */
export const GROUNDED_PROMPT = "Answer only from the evidence. Cite its numbers and quote it. " +
  "Say so when it does not answer the question.";

/** The whole answer when nothing in the evidence answers. */
export const NOT_IN_DOCUMENTS = "The documents do not answer this question.";

/** The chat that asks a question about passages, which are numbered from 1. */
export function groundedPrompt(question: string, passages: readonly Passage[]): ChatMessage[] {
  const evidence = passages.map((passage, index) => evidenceLine(index + 1, passage));
  return [
    { role: "system", content: GROUNDED_PROMPT },
    { role: "user", content: [...evidence, groundedQuestion(question)].join("\n") },
  ];
}

/** A passage as the prompt has it. */
export function evidenceLine(number: number, { title, text }: Passage): string {
  return `[${number}] ${title}: ${text}`;
}

/** Another question about the same evidence, as the user's next turn. */
export function groundedQuestion(question: string): string {
  return `The question: ${question}`;
}

/** An answer, taken apart. */
export interface GroundedAnswer {
  /** The first line, with its citations. */
  text: string;
  /** Numbers of passages that the text cites, each once, in their order. */
  citations: number[];
  /** The lines below: exact words of passages. Empty for a refusal. */
  quotes: { passage: number; words: string }[];
  /** Whether it is NOT_IN_DOCUMENTS. */
  isRefusal: boolean;
}

/** The lines of an answer. */
export function writeGroundedAnswer(text: string, quotes: GroundedAnswer["quotes"]): string {
  return [text, ...quotes.map(({ passage, words }) => evidenceQuote(passage, words))].join("\n");
}

/** The line of an answer that quotes a passage. */
export function evidenceQuote(passage: number, words: string): string {
  return `Evidence [${passage}]: "${words}"`;
}

/** Reads an answer: a line of text, and a quote a line. A line that is neither is a problem. */
export function parseGroundedAnswer(reply: string): { answer: GroundedAnswer } | { problem: string } {
  const [text, ...lines] = reply.split("\n");
  if (text.trim() === "") return { problem: "the first line is empty: expected an answer" };
  const quotes: GroundedAnswer["quotes"] = [];
  for (const line of lines) {
    const match = /^Evidence \[(\d{1,3})\]: "(.+)"$/.exec(line);
    if (match === null) return { problem: `'${line}': expected Evidence [number]: "exact words"` };
    quotes.push({ passage: Number(match[1]), words: match[2] });
  }
  const citations = [...new Set(Array.from(text.matchAll(/\[(\d{1,3})\]/g), (match) => Number(match[1])))];
  return { answer: { text, citations, quotes, isRefusal: reply === NOT_IN_DOCUMENTS } };
}
