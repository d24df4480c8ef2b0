/** What articles are called: by their title, by other names that their own text gives, and by the medicines of a group. */
import { stemmer } from "stemmer";
import type { SourceDocument } from "../../retrieval/documents/mod.ts";
import { medicinesIn, sentencesOf } from "../safety/mod.ts";

/** An article with its names. */
export interface ArticleNames {
  source: string;
  /** The title, and other names for the same thing. */
  names: string[];
  /** Of an article about a group of medicines: those that belong to the group. */
  members: string[];
}

/** A named article. */
export interface NamedArticle {
  source: string;
  /** As it stands in the question, in stems. */
  name: string;
  /** Whether a member of the group was named, not the group. */
  isMember: boolean;
}

/**
 * Everyday names of what libraries have under a standard term. A name counts only where an article has the term as its title; those that
 * the article's text gives ("anticoagulants, often called blood thinners") need not be here.
 */
const EVERYDAY: Readonly<Record<string, readonly string[]>> = {
  influenza: ["flu"],
  "common cold": ["a cold", "colds", "the cold", "my cold", "head cold"],
  hypothyroidism: ["underactive thyroid", "slow thyroid"],
  hyperthyroidism: ["overactive thyroid"],
  hypoglycemia: ["low blood sugar", "low sugar"],
  "gastroesophageal reflux disease": ["heartburn", "acid reflux"],
  "deep vein thrombosis": ["blood clot in the leg", "blood clot in my leg", "clot in the leg", "leg clot", "dvt"],
  "pulmonary embolism": ["blood clot in the lung", "clot in the lung", "lung clot"],
  "bladder infection": ["uti", "urinary tract infection"],
  "high blood pressure": ["hypertension"],
  epilepsy: ["seizure", "epileptic fit"],
  "peptic ulcer": ["stomach ulcer"],
  tuberculosis: ["tb"],
  "middle ear infection": ["otitis media"],
  "nonsteroidal anti inflammatory drugs": ["anti-inflammatories", "nsaid"],
};

/** What follows a name that is another one for the same thing. */
const OTHERWISE =
  /^,?\s*(?:or|(?:often|also|sometimes|commonly)?\s*(?:is\s+)?(?:often|also|sometimes)?\s*called)\s+(.+)$/i;
/** The same the other way round. */
const CALL = /\bcall (?:an? |the )?(.+?) an? (.+?)[.,]/i;
/** A longer one is a description. */
const MOST_WORDS = 4;

/** Names that an article goes by. */
export function articleNames({ source, title, text }: SourceDocument, category: string | undefined): ArticleNames {
  const own = stemmed(title);
  const names = new Set([title, ...EVERYDAY[words(title).join(" ")] ?? []]);
  const members = new Set<string>();
  // A line's end is no sentence's.
  for (const { text: sentence } of sentencesOf(text.replace(/(?<!\n)\n(?!\n)/g, " "))) {
    for (const name of otherNames(sentence, own)) names.add(name);
    if (category === "medicine") { for (const name of membersIn(sentence)) members.add(name); }
  }
  return { source, names: [...names], members: [...members].filter((name) => stemmed(name) !== own) };
}

function otherNames(sentence: string, title: string): string[] {
  const [, called, name] = CALL.exec(sentence) ?? [];
  if (called !== undefined && stemmed(called) === title) return [name];
  // The title, then "or", then a name up to a comma or a verb.
  for (const [part] of sentence.matchAll(/,?\s+(?:or|(?:is\s+)?(?:often |also |sometimes |commonly )?called)\s+/gi)) {
    const at = sentence.indexOf(part);
    const before = stemmed(sentence.slice(0, at).replace(/^(?:An?|The|In)\s+/, ""));
    if (before !== title && !(before.endsWith(` ${title}`) && /called/.test(part))) continue;
    const [, after = ""] = OTHERWISE.exec(sentence.slice(at)) ?? [];
    const [other] = after.split(/,| is | are |[.]$/);
    if (other.trim() !== "" && other.trim().split(" ").length <= MOST_WORDS) return [other.trim()];
  }
  return [];
}

/** Medicines that a sentence gives as examples, or is about from its first word on. */
function membersIn(sentence: string): string[] {
  const [, examples = ""] = /\bsuch as (.+)$/i.exec(sentence) ?? [];
  const [, group = ""] = /^(.+?) are (?:\w+ ){0,4}(?:members|medicines|groups)\b/i.exec(sentence) ?? [];
  const [first = ""] = sentence.split(" ");
  return medicinesIn([examples, group, first].join(" . "));
}

/**
 * The articles that a text names, the longest names first: "kidney stones" does not name the kidneys too. Members of a group count where
 * nothing else names an article.
 *
 * @returns With the text's words without those names.
 */
export function namedArticles(
  text: string,
  articles: readonly ArticleNames[],
): { named: NamedArticle[]; rest: string[] } {
  const plain = words(text);
  const stems = plain.map((word) => stemmer(word));
  const candidates = articles.flatMap(({ source, names, members }) => [
    ...names.map((name) => ({ source, stems: stemsIn(name), isMember: false })),
    ...members.map((name) => ({ source, stems: stemsIn(name), isMember: true })),
  ]).filter((one) => one.stems.length > 0)
    .sort((one, other) => other.stems.length - one.stems.length || Number(one.isMember) - Number(other.isMember));
  const taken = new Map<number, string>();
  const named: NamedArticle[] = [];
  for (const { source, stems: name, isMember } of candidates) {
    for (let at = 0; at + name.length <= stems.length; at++) {
      const there = stems.slice(at, at + name.length);
      // "A sprained ankle" is an ankle sprain.
      if (
        name.some((stem, index) => there[index] !== stem) && there.toSorted().join(" ") !== name.toSorted().join(" ")
      ) continue;
      const joined = name.join(" ");
      // The same place may name two articles in the same words, and no others.
      if (name.some((_, index) => taken.has(at + index) && taken.get(at + index) !== joined)) continue;
      name.forEach((_, index) => taken.set(at + index, joined));
      if (!named.some((one) => one.source === source)) named.push({ source, name: joined, isMember });
    }
  }
  return { named, rest: plain.filter((_, index) => !taken.has(index)) };
}

function words(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().replace(/['’]s\b/g, "").match(/[\p{L}\p{N}]+/gu) ?? [];
}

function stemsIn(text: string): string[] {
  return words(text).map((word) => stemmer(word));
}

function stemmed(text: string): string {
  return stemsIn(text).join(" ");
}
