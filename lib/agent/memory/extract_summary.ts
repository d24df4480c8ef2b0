/** A summary of the patient's own sentences: no model writes it, so nothing in it is invented. */
import { stemsOf, type WordWeights, wordWeightsOf } from "../../retrieval/search/mod.ts";
import { sentencesOf } from "./clauses.ts";
import { readableText, type Turn } from "./conversation.ts";
import type { Summary } from "./summary.ts";

/** What to choose from. */
export interface ExtractOptions {
  turns: readonly Turn[];
  /** A summary of the turns before, whose sentences are chosen from too. */
  before: Summary | null;
  /** Whether a text is short enough. */
  fits: (text: string) => boolean;
  /** What words weigh. Default: by how rare they are in these turns. */
  weights?: WordWeights;
}

/** What the person wrote by hand weighs more than what they said in passing. */
const EDITED = 2;
/** A sentence about themselves weighs more than one about something else. */
const FIRST_PERSON = 1.5;
/** What is asked is answered already. */
const QUESTION = 0.5;
/** Says nothing. */
const COURTESY =
  /^(?:hello|hi|hey|good (?:morning|day|afternoon|evening|night)|thanks?|ok(?:ay)?|please|bye)\b.{0,25}$/i;

/**
 * Chooses sentences while they fit: each time the one whose words, as far as they stand in no chosen sentence yet, weigh most
 * for its length. They stand in the order in which they were said, a line for each.
 */
export function extractSummary({ turns, before, fits, weights }: ExtractOptions): string {
  const own = before === null ? [] : linesOf(before.text).map((text) => ({
    text,
    factor: before.kind === "edited" ? EDITED : 1,
  }));
  const said = turns.flatMap(({ messages }) => messages)
    .filter(({ role }) => role === "user")
    .flatMap((message) => sentencesIn(readableText(message)))
    .filter((text) => !COURTESY.test(text))
    .map((text) => ({ text, factor: factorOf(text) }));
  const sentences = [...own, ...said].map((one, at) => ({ ...one, at, stems: stemsOf(one.text) }));
  const { weightOf } = weights ?? wordWeightsOf(sentences.map(({ text }) => text));
  const chosen: typeof sentences = [];
  const covered = new Set<string>();
  let left = sentences.filter(({ stems }) => stems.size > 0);
  const textOf = (lines: readonly { text: string; at: number }[]) =>
    lines.toSorted((one, other) => one.at - other.at).map(({ text }) => text).join("\n");
  while (left.length > 0) {
    const worth = left.map(({ stems, factor }) => {
      const fresh = [...stems].filter((stem) => !covered.has(stem));
      return factor * fresh.reduce((sum, stem) => sum + weightOf(stem), 0) / Math.sqrt(stems.size);
    });
    const highest = Math.max(...worth);
    if (highest <= 0) break;
    const next = left[worth.indexOf(highest)];
    left = left.filter((one) => one !== next);
    if (!fits(textOf([...chosen, next]))) continue;
    chosen.push(next);
    for (const stem of next.stems) covered.add(stem);
  }
  return textOf(chosen);
}

function factorOf(sentence: string): number {
  const own = /\b(?:I|I'm|I've|my|me)\b/i.test(sentence) ? FIRST_PERSON : 1;
  return sentence.endsWith("?") ? own * QUESTION : own;
}

function linesOf(text: string): string[] {
  return text.split("\n").flatMap(sentencesIn);
}

/** On one line each. */
function sentencesIn(text: string): string[] {
  return sentencesOf(text).map(({ start, end }) => text.slice(start, end).replace(/\s+/g, " "));
}
