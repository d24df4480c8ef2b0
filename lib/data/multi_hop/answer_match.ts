/** How answers are compared: the definitions of HotpotQA's evaluation (Yang et al., 2018). */

/** Lower case, no punctuation, no articles, single spaces. */
export function normalizeAnswer(text: string): string {
  return text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, "")
    .replace(/(?<![\p{L}\p{N}])(?:a|an|the)(?![\p{L}\p{N}])/gu, " ")
    .trim().split(/\s+/).join(" ");
}

/** 1 when both are the same after normalization, else 0. */
export function exactMatch(answer: string, gold: string): 0 | 1 {
  return normalizeAnswer(answer) === normalizeAnswer(gold) ? 1 : 0;
}

/** Harmonic mean of precision and recall of the words, from 0 to 1. 0 when only one side is yes, no or noanswer. */
export function answerF1(answer: string, gold: string): number {
  const [given, right] = [normalizeAnswer(answer), normalizeAnswer(gold)];
  const isClosed = (text: string) => text === "yes" || text === "no" || text === "noanswer";
  if (given !== right && (isClosed(given) || isClosed(right))) return 0;
  if (given === "" || right === "") return 0;
  const [words, goldWords] = [given.split(" "), right.split(" ")];
  const left = new Map<string, number>();
  for (const word of goldWords) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of words) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  return same === 0 ? 0 : 2 * same / (words.length + goldWords.length);
}
