/** Sentences of articles said as people say them who do not know the article's words. */
import type { Random } from "../../random/mod.ts";

/** Says a text in other words. */
export type Wording = (text: string, random: Random, share?: number) => string;

/**
 * Makes a wording from lines of words and phrases that mean about the same, with commas between them. Where a text has one of a
 * line, another of the line takes its place; longer phrases are found before shorter ones, and a plural's s is kept.
 */
export function wordingOf(...lists: readonly (readonly (readonly string[])[])[]): Wording {
  const others = new Map<string, string[]>();
  for (const group of lists.flat()) {
    for (const phrase of group) {
      const key = phrase.toLowerCase();
      others.set(key, [...others.get(key) ?? [], ...group.filter((other) => other !== phrase)]);
    }
  }
  const phrases = [...others.keys()].sort((a, b) => b.length - a.length).map((phrase) => RegExp.escape(phrase));
  const found = new RegExp(`(?<![\\w'])(${phrases.join("|")})(s?)(?![\\w'])`, "gi");
  return (text, random, share = 0.7) =>
    text.replace(found, (whole, phrase: string, plural: string) => {
      if (!random.chance(share)) return whole;
      return random.pick(others.get(phrase.toLowerCase())!) + plural;
    });
}

/** A bank's text as lines of phrases. */
export function phraseLines(text: string): string[][] {
  return text.trim().split("\n").map((line) => line.split(",").map((phrase) => phrase.trim()));
}

/** Words that say little of what a question is about. */
const SMALL_WORDS = new Set(
  ("a an the is are was were be been of in to for on at by with and or but as it its this that these those from than then so " +
    "such can may do does has have had will not no they their them which who when if into over about also").split(" "),
);

/** A stretch of the text's words, some left out: mostly small ones. */
export function fewerWords(text: string, random: Random): string {
  const words = text.replace(/[.;:]+$/, "").split(/\s+/);
  const count = random.chance(0.4) ? words.length : Math.min(words.length, random.integer(4, 14));
  const start = random.integer(0, words.length - count);
  const [small, large] = random.pick([[0, 0], [0.5, 0.1], [0.9, 0.2], [0.3, 0.35]]);
  const kept = words.slice(start, start + count).filter((word) =>
    !random.chance(SMALL_WORDS.has(word.toLowerCase().replace(/\W/g, "")) ? small : large)
  );
  return kept.length === 0 ? words[start] : kept.join(" ");
}
