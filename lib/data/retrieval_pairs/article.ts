/** Short articles about invented things, with questions that they answer. */
import type { Random } from "../../random/mod.ts";
import { ARTICLE_KINDS, type ArticleKind, type FactForm, FACTS, FILLERS, OPENINGS } from "./article_facts.ts";
import { coinedWord, personName, wordyName } from "./names.ts";
import { ADJECTIVES, COUNTRIES, JOBS, MONTHS, NATIONALITIES, NOUNS, VERBS } from "./word_bank.ts";

/** An article. */
export interface Article {
  kind: ArticleKind;
  title: string;
  sentences: string[];
  /** Questions, by the sentence that answers them. */
  questions: string[][];
}

/** How something is made, by the name of its slot. */
const SLOTS: Record<string, (random: Random) => string> = {
  person: personName,
  person2: personName,
  otherPerson: personName,
  other: (random) => random.chance(0.5) ? coinedWord(random) : wordyName(random),
  name: (random) => random.chance(0.8) ? coinedWord(random) : wordyName(random),
  work: wordyName,
  year: (random) => String(random.chance(0.8) ? random.integer(1850, 2024) : random.integer(1000, 1849)),
  number: (random) =>
    random.chance(0.5) ? String(random.integer(2, 900)) : random.integer(1000, 900_000).toLocaleString("en"),
  day: (random) => String(random.integer(1, 28)),
  ordinal: oneOf("first second third fourth fifth sixth seventh last"),
  medium: oneOf("film album song novel book play opera series comedy poem painting game"),
  settlement: oneOf("town village city island valley district port region municipality suburb"),
  body: oneOf("company bank university club society party band museum newspaper school orchestra league airline"),
  creature: oneOf("bird fish beetle moth plant tree orchid frog snake spider mammal shrub grass bee"),
  happening: oneOf(
    "battle war election festival championship race tournament expedition strike treaty conference siege",
  ),
  structure: oneOf("castle church bridge tower palace house temple theater stadium lighthouse hotel library station"),
  device: oneOf("engine ship rifle computer camera aircraft instrument telescope car locomotive pump program"),
  club: oneOf("United City Rovers Tigers Eagles Athletic Wanderers Bears Kings Rangers"),
  relative: oneOf("brother sister son daughter father mother cousin uncle wife husband"),
  direction: oneOf("north south east west center"),
  color: oneOf("red blue green black white yellow brown gray golden"),
  nationality: (random) => random.pick(NATIONALITIES),
  job: (random) => random.pick(JOBS),
  job2: (random) => random.pick(JOBS),
  country: (random) => random.pick(COUNTRIES),
  country2: (random) => random.pick(COUNTRIES),
  month: (random) => random.pick(MONTHS),
  noun: (random) => random.pick(NOUNS),
  noun2: (random) => random.pick(NOUNS),
  adjective: (random) => random.pick(ADJECTIVES),
  verb: (random) => random.pick(VERBS),
};

function oneOf(words: string): (random: Random) => string {
  const list = words.split(" ");
  return (random) => random.pick(list);
}

/** Draws an article. One that is `like` another has a name to be mistaken for it, and is of the same kind. */
export function drawArticle(random: Random, like?: Article): Article {
  const kind = like?.kind ?? random.pick(ARTICLE_KINDS);
  const title = drawTitle(random, kind, like?.title);
  const article: Article = { kind, title, sentences: [], questions: [] };
  const slots = new Map<string, string>();
  addFact(random, article, random.pick(OPENINGS[kind]), slots);
  const facts = random.sample(FACTS[kind], random.integer(0, Math.min(3, FACTS[kind].length)));
  for (const fact of facts) {
    // The kind of thing is the same all along; everything else belongs to one fact.
    for (const name of [...slots.keys()]) if (!LASTING.has(name)) slots.delete(name);
    addFact(random, article, fact, slots);
  }
  const fillers = random.integer(0, 2);
  for (let i = 0; i < fillers; i++) {
    article.sentences.push(fillSlots(random, random.pick(FILLERS), new Map()));
    article.questions.push([]);
  }
  return article;
}

/** Slots that say what sort of thing it is. */
const LASTING = new Set([
  "medium",
  "settlement",
  "body",
  "creature",
  "happening",
  "structure",
  "device",
  "job",
  "nationality",
]);

function addFact(random: Random, article: Article, { says, asks }: FactForm, slots: Map<string, string>): void {
  const { title, sentences, questions } = article;
  slots.set("s", title);
  slots.set("it", sentences.length > 0 && random.chance(0.6) ? pronounOf(random, article) : title);
  const sentence = fillSlots(random, random.pick(says), slots);
  sentences.push(sentence.charAt(0).toUpperCase() + sentence.slice(1));
  // A question about what was not drawn for the sentence would be about something else.
  const known = asks.filter((ask) => slotsIn(ask).every((slot) => slots.has(slot) || OTHERS.has(slot)));
  questions.push(known.map((ask) => fillSlots(random, ask, new Map(slots))));
}

/** What a question compares the thing with: another one, of which the article says nothing. */
const OTHERS = new Set(["other", "otherPerson"]);

function pronounOf(random: Random, { kind }: Article): string {
  return kind === "person" ? random.pick(["He", "She"]) : "It";
}

function drawTitle(random: Random, kind: ArticleKind, like?: string): string {
  const draw = () => {
    if (kind === "person") return personName(random);
    if (kind === "work") return random.chance(0.7) ? wordyName(random) : coinedWord(random);
    const coined = coinedWord(random);
    switch (random.integer(0, 3)) {
      case 0:
        return `${coined} ${coinedWord(random)}`;
      case 1:
        return wordyName(random);
      default:
        return coined;
    }
  };
  const title = draw();
  const [shared] = like?.split(" ").filter((word) => /^[A-Z]/.test(word) && word !== "The").slice(-1) ?? [];
  if (shared === undefined || random.chance(0.3)) return title;
  const words = title.split(" ");
  return words.length === 1 ? `${title} ${shared}` : [...words.slice(0, -1), shared].join(" ");
}

function slotsIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, slot]) => slot);
}

/** Fills a text's slots; what is drawn is kept in `slots`. An "s" right behind one makes its word a plural. */
function fillSlots(random: Random, text: string, slots: Map<string, string>): string {
  return text.replace(/\{(\w+)\}(s?)/g, (_, slot: string, s: string) => {
    const value = slots.get(slot) ?? SLOTS[slot](random);
    slots.set(slot, value);
    return s === "" ? value : pluralOf(value);
  }).replace(/\b([Aa]) (?=[aeiouAEIOU])/g, "$1n ");
}

const PLURALS: Record<string, string> = {
  child: "children",
  foot: "feet",
  tooth: "teeth",
  mouse: "mice",
  ox: "oxen",
  wife: "wives",
};

function pluralOf(word: string): string {
  if (PLURALS[word]) return PLURALS[word];
  if (word.endsWith("man")) return `${word.slice(0, -2)}en`;
  if (/(s|x|ch|sh)$/.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}
