/** The small parts of grammar that medical texts are put together with. */
import type { Random } from "../../random/mod.ts";
import type { Condition } from "./condition.ts";

/** Nouns that stand with "a" when a name ends in them: "a chest X-ray", but "spirometry". */
const COUNTED = new Set(
  ("test scan X-ray ultrasound ECG EEG echocardiogram angiogram dipstick swab culture diary examination interview " +
    "questionnaire smear measurement biopsy chart puncture scraping splint rinse diet stroke infection ulcer " +
    "deficiency embolism prostate").split(" "),
);

/** The name with the article that English wants before it, if any. */
export function withArticle(name: string): string {
  if (name.endsWith(" pill")) return `the ${name}`;
  if (!COUNTED.has(name.slice(name.lastIndexOf(" ") + 1))) return name;
  return `${articleOf(name)} ${name}`;
}

/** "a" or "an", by the sound that the text begins with: numbers and letter names count as they are said. */
export function articleOf(text: string): "a" | "an" {
  if (/^(8|11\b|18\b)/.test(text)) return "an";
  if (/^(ECG|EEG|HbA1c|X-)/.test(text)) return "an";
  return /^[aeio]/i.test(text) || /^u(?!r)/i.test(text) ? "an" : "a";
}

/** "a", "a and b", "a, b and c". */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** With a capital letter at the beginning. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The first person of what `avoid.who` says: "is pregnant" becomes "I am pregnant". */
export function aboutMyself(who: string): string {
  const space = who.indexOf(" ");
  const verb = who.slice(0, space);
  const rest = who.slice(space);
  return `I ${verb === "is" ? "am" : verb === "has" ? "have" : verb.replace(/s$/, "")}${rest}`;
}

const COUNTS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** A length of time that suits the condition: "three days". Hours are few: some treatments are for the first of them only. */
export function drawDuration(random: Random, lasts: Condition["lasts"]): string {
  if (lasts === "a day") return `${random.pick(["six", "eight", "ten", "twelve", "twenty"])} hours`;
  const longest = { hours: 4, days: 6, weeks: 7, months: 10 }[lasts];
  return `${COUNTS[random.integer(0, longest - 2)]} ${lasts}`;
}

/** Whom a case is about. */
export interface Patient {
  age: number;
  sex: "woman" | "man";
  /** "woman", "man", and below 16 "girl", "boy". */
  noun: string;
  pronoun: "she" | "he";
  possessive: "her" | "his";
}

/** Somebody who may have this condition; with `who`, somebody of whom that can be said. */
export function drawPatient(random: Random, condition: Condition, who?: string): Patient {
  let [youngest, oldest] = condition.ages;
  let sex = condition.sex ?? (random.chance(0.5) ? "woman" : "man");
  if (who === "is pregnant") {
    sex = "woman";
    youngest = Math.max(youngest, 18);
    oldest = Math.min(oldest, 43);
  } else if (who?.startsWith("drives")) youngest = Math.max(youngest, 21);
  const age = random.integer(youngest, oldest);
  const child = age < 16;
  return sex === "woman"
    ? { age, sex, noun: child ? "girl" : "woman", pronoun: "she", possessive: "her" }
    : { age, sex, noun: child ? "boy" : "man", pronoun: "he", possessive: "his" };
}
