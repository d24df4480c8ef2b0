/** Comparing an answer in sentences with a short right answer. */
import { normalizeAnswer } from "../../data/mod.ts";

/** An answer's text without its `[1]`. */
export function withoutCitations(text: string): string {
  return text.replace(/\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/g, "");
}

/**
 * Whether the words of the right answer stand in the text, one after the other, after SQuAD's normalization. What a
 * model writes in a sentence is seldom an exact match; this is what can be asked of it. It does not see a "not"
 * before the words.
 */
export function containsAnswer(text: string, gold: string): boolean {
  const words = normalizeAnswer(gold);
  return words !== "" && ` ${normalizeAnswer(text)} `.includes(` ${words} `);
}
