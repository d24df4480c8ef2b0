/** What a search of the web gives for a piece of knowledge: pages that say it, and noise. */
import type { Random } from "../../random/mod.ts";
import { firstName, inventedName, similarName } from "./names.ts";
import type { Hop } from "./questions.ts";
import { fill, type Relation } from "./relation.ts";
import { RELATIONS } from "./relations.ts";
import type { SearchResult } from "./tagged_search.ts";
import { COLORS, GOODS, JOBS, SUBJECTS } from "./values.ts";
import type { WorldDocument } from "./world.ts";

/** A page with what a careful reader thinks of it. */
export interface FoundPage {
  result: SearchResult;
  /** Why it is left out, as it follows the address: "is about Velmora". Null where it says what is looked for. */
  noise: string | null;
  /** The wrong answer that noise gives, where it gives one. */
  wrong: string | null;
}

const FRAMES = ["{x}", "{x}", "We know it: {x}", "Every guide says: {x}", "{x} This is well known.", "Note: {x}"];
const ENDINGS = ["org", "net", "com", "info"];
const PAPERS = ["Post", "News", "Times", "Guide", "Library"];
const ADVERTS = [
  "Buy all about {s} today at a low price!",
  "Our shop has cheap things from {s} this week.",
  "Win a free trip with {s} if you call now!",
];

const RELATION_OF = new Map(RELATIONS.map((relation) => [relation.name, relation]));

/** Noise is 15 to 20 of 100 results, over all searches. */
const NOISE_SHARE = 0.18;

/** `count` pages for one query, in order of distance; at most one is noise. */
export function drawPages(
  random: Random,
  hop: Hop,
  documents: readonly WorldDocument[],
  count: number,
): FoundPage[] {
  const relation = RELATION_OF.get(hop.relation)!;
  const sentences = random.shuffle(relation.sentences);
  const hasNoise = random.chance(NOISE_SHARE * count);
  const pages: FoundPage[] = [];
  for (let number = hasNoise ? 1 : 0; number < count; number++) {
    const sentence = fill(sentences[number % sentences.length], hop.subject, hop.answer);
    const content = random.pick(FRAMES).replace("{x}", sentence);
    pages.push({ result: page(random, content, 0.1, 0.34, 2015, 2025), noise: null, wrong: null });
  }
  if (hasNoise) pages.push(drawNoise(random, hop, relation, documents));
  return pages.sort((one, other) => one.result.distance - other.result.distance);
}

function page(random: Random, content: string, near: number, far: number, from: number, to: number): SearchResult {
  const name = inventedName(random, "company");
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${random.integer(from, to)}-${two(random.integer(1, 12))}-${two(random.integer(1, 28))}`;
  const url = `${name.toLowerCase()}.${random.pick(ENDINGS)}/${random.integer(1, 99)}`;
  return {
    content,
    metadata: { publisher: `${name} ${random.pick(PAPERS)}`, date, url },
    distance: Math.round(random.uniform(near, far) * 100) / 100,
  };
}

function drawNoise(random: Random, hop: Hop, relation: Relation, documents: readonly WorldDocument[]): FoundPage {
  const noise = (content: string, reason: string, wrong: string | null = null): FoundPage => ({
    result: page(random, content, 0.16, 0.5, 2015, 2025),
    noise: reason,
    wrong,
  });
  const sort = random.weightedIndex([4, relation.changes ? 3 : 0, 2, 1]);
  if (sort <= 1) {
    const wrong = otherValue(random, hop.answer, relation);
    if (sort === 0) {
      const namesake = otherSubject(random, hop.subject, relation);
      return noise(fill(random.pick(relation.sentences), namesake, wrong), `is about ${namesake}`, wrong);
    }
    const result = page(random, fill(random.pick(relation.sentences), hop.subject, wrong), 0.1, 0.34, 1985, 2002);
    return { result, noise: `is old, from ${result.metadata.date.slice(0, 4)}`, wrong };
  }
  const about = documents.find((document) => document.id === hop.documentId)!;
  const other = about.facts.filter(({ relation }) => relation.name !== hop.relation);
  if (sort === 2 && other.length > 0) {
    const { relation, value } = random.pick(other);
    return noise(fill(random.pick(relation.sentences), hop.subject, value), `does not say ${hop.need}`);
  }
  return noise(fill(random.pick(ADVERTS), hop.subject), "is an advertisement");
}

/** Another thing of the same kind, easily mistaken for the first. */
function otherSubject(random: Random, name: string, relation: Relation): string {
  for (;;) {
    const other = renamed(random, name, relation.of);
    if (other !== name) return other;
  }
}

function renamed(random: Random, name: string, kind: Relation["of"]): string {
  const [first, ...rest] = name.split(" ");
  switch (kind) {
    case "person":
      return random.chance(0.5) ? `${first} ${inventedName(random, "surname")}` : `${firstName(random).first} ${rest}`;
    case "book":
      return `The ${inventedName(random, "town")} ${rest.at(-1)}`;
    case "river":
    case "company":
      return similarName(random, name, kind);
    default:
      return [similarName(random, first, "town"), ...rest].join(" ");
  }
}

/** Another value of the same sort. */
function otherValue(random: Random, value: string, relation: Relation): string {
  for (;;) {
    const other = drawValue(random, value, relation);
    if (other !== value) return other;
  }
}

function drawValue(random: Random, value: string, { to }: Relation): string {
  switch (to) {
    case "year":
      return String(random.integer(1850, 2019));
    case "length":
      return `${random.integer(12, 980)} km`;
    case "lake":
      return `Lake ${inventedName(random, "river")}`;
    case "person":
      return `${firstName(random).first} ${inventedName(random, "surname")}`;
    case "town":
    case "river":
    case "company":
      return inventedName(random, to);
    case "school":
      return `${inventedName(random, "town")} School`;
    case "goods":
      return random.pick(GOODS);
    case "job":
      return random.pick(JOBS);
    case "color":
      return random.pick(COLORS);
    case "subject":
      return random.pick(SUBJECTS);
    default:
      throw new RangeError(`nothing points to a ${to}: no other ${value}`);
  }
}
