/** What a mended draft must not do. */
import { editDistance } from "../../spelling/mod.ts";
import { isMedicineWord, sentencesOf } from "../safety/mod.ts";
import type { AuditInput, Problem } from "./audit.ts";
import { citationsIn, contentStems, numbersIn, shareIn, wordsOf } from "./content_words.ts";
import { sentencesOfQuote } from "./find_quote.ts";

/** The least share of a right sentence's words that have to stand in one sentence of the mended draft. */
const KEPT = 0.8;

/**
 * Why a mended draft cannot be taken; none where it can. It must say something, leave out every faulty sentence, keep every other one,
 * and add no citation, number or medicine; a name with a slip in it counts as another medicine.
 */
export function refusalsOf(refined: string, input: AuditInput, problems: readonly Problem[]): string[] {
  if (refined.trim() === "") return ["it is empty"];
  return [
    ...faultyLeft(refined, input, problems),
    ...rightLost(refined, input, problems),
    ...citationsAdded(refined, input),
    ...numbersAdded(refined, input),
    ...namesAdded(refined, input),
  ];
}

function faultyLeft(refined: string, { draft }: AuditInput, problems: readonly Problem[]): string[] {
  const plain = simple(refined);
  const faulty = new Set(problems.flatMap(({ quote }) => sentencesOfQuote(quote, draft)));
  return [...faulty].filter((sentence) => plain.includes(simple(sentence))).map((sentence) =>
    `it still says "${sentence}"`
  );
}

function rightLost(refined: string, { draft }: AuditInput, problems: readonly Problem[]): string[] {
  const faulty = new Set(problems.flatMap(({ quote }) => sentencesOfQuote(quote, draft)));
  const there = sentencesOf(refined).map(({ text }) => ({
    stems: contentStems(text),
    citations: new Set(citationsIn(text)),
  }));
  return sentencesOf(draft).filter(({ text }) => {
    if (faulty.has(text)) return false;
    const stems = contentStems(text);
    const cited = citationsIn(text);
    return !there.some((one) =>
      shareIn(stems, one.stems) >= KEPT && cited.every((number) => one.citations.has(number))
    );
  }).map(({ text }) => `it lost "${text}"`);
}

function citationsAdded(refined: string, { evidence }: AuditInput): string[] {
  const unknown = citationsIn(refined).filter((number) => number < 1 || number > evidence.length);
  return [...new Set(unknown)].map((number) => `it cites [${number}], which there is not`);
}

function numbersAdded(refined: string, { evidence, draft, question, profile }: AuditInput): string[] {
  const known = numbersIn([...evidence, draft, question, profile.age ?? ""].join(" "));
  return [...numbersIn(refined)].filter((number) => !known.has(number)).map((number) => `the number ${number} is new`);
}

/** Words of so many letters are compared with those of the sources for slips; shorter ones are too often alike. */
const LEAST_LETTERS = 6;

function namesAdded(refined: string, { evidence, draft, question, profile }: AuditInput): string[] {
  const { allergies = [], conditions = [], medicines = [], symptoms = [] } = profile;
  const sources = [...evidence, draft, question, ...allergies, ...conditions, ...medicines, ...symptoms].join(" ");
  const known = new Set(namesOf(sources));
  const stems = contentStems(sources);
  const fresh = [...new Set(namesOf(refined))].filter((word) => !known.has(word));
  return fresh.flatMap((word) => {
    const isInflected = [...contentStems(word)].every((stem) => stems.has(stem));
    if (isInflected || PLAIN.has(word)) return [];
    if (isMedicineWord(word)) return [`the medicine ${word} is new`];
    if (word.length < LEAST_LETTERS) return [];
    const like = [...known].find((other) =>
      other.length >= LEAST_LETTERS && Math.abs(other.length - word.length) <= 2 && editDistance(word, other) <= 2
    );
    return like === undefined ? [] : [`${word} may be a slip for ${like}`];
  });
}

/** Words that mended drafts bring along. */
const PLAIN = new Set([
  "doctor",
  "doctors",
  "pharmacist",
  "because",
  "before",
  "taking",
  "avoid",
  "should",
  "safety",
  "safely",
]);

/** Words that may be names: none with a number in it. */
function namesOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}[\p{L}'’-]*/gu) ?? [];
}

function simple(text: string): string {
  return wordsOf(text).join(" ");
}
