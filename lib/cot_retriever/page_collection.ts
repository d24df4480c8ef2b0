/** Pages of an invented web, noise among them, and questions that they answer. */
import {
  drawPages,
  fill,
  type FoundPage,
  type Hop,
  type MultiHopQuestion,
  worldAt,
  type WorldDocument,
} from "../data/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { checkAboveZero } from "./search_limits.ts";

/** A page, and what it says. */
export interface WebPage {
  /** No two pages of a collection have the same. */
  url: string;
  publisher: string;
  /** Such as 2021-05-17. */
  date: string;
  content: string;
  /** What it is about. */
  subject: string;
  /** The name of the relation that it tells; null for an advertisement. */
  relation: string | null;
  /** What it gives as the answer; null for an advertisement. */
  value: string | null;
  /** Whether it was right once and is no more. */
  isOutdated: boolean;
}

/** A question about the pages. */
export interface PageQuestion {
  /** Unique in its collection. */
  id: string;
  question: string;
  answer: string;
  type: MultiHopQuestion["type"];
  /** The pieces of knowledge that answer it, in the order in which they are needed. */
  hops: readonly Hop[];
  /** How the answer follows from them; empty where it is the last of them. */
  conclusion: string;
}

/** Pages to search in, questions to learn from, and held-out ones. */
export interface PageCollection {
  pages: WebPage[];
  train: PageQuestion[];
  /** Of other worlds; no question with the same start and the same chain of relations is in both. */
  test: PageQuestion[];
}

/** How large a collection is. */
export interface PageCollectionOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Worlds with questions to learn from. Default 120. */
  trainWorlds?: number;
  /** Worlds with held-out questions. Default 40. */
  testWorlds?: number;
  /** Of a world, at most. Default 6. */
  questions?: number;
  /** Searches that a question needs, at most. Default 2. */
  maxHops?: number;
  /**
   * Pages about each piece of knowledge, and of every third one more. Default 4. Of 100, 18 are noise: about another thing, old, beside
   * the point, or advertising. Of what a search for 4 finds it is about that share; with more pages to choose from it falls.
   */
  pagesPerHop?: number;
}

/** How often there is one page more about something. */
const ONE_MORE = 1 / 3;

/**
 * Draws worlds and the pages about what their questions need. Of each name there is one thing only: a later world's thing of a name
 * that was taken is left out with its questions.
 *
 * @throws {RangeError} When a number is out of range.
 */
export function pageCollection(options: PageCollectionOptions = {}): PageCollection {
  const { seed = 0, trainWorlds = 120, testWorlds = 40, questions = 6, maxHops = 2, pagesPerHop = 4 } = options;
  for (const [name, value] of Object.entries({ trainWorlds, testWorlds })) {
    if (!Number.isInteger(value) || value < 0) throw new RangeError(`${name}: expected a whole number, got ${value}`);
  }
  checkAboveZero({ maxHops, pagesPerHop });
  const random = new Random(seed).fork("pages");
  const collection: PageCollection = { pages: [], train: [], test: [] };
  const names = new Set<string>();
  const texts = new Set<string>();
  const urls = new Set<string>();
  const add = (split: "train" | "test", index: number) => {
    const world = worldAt(index, { seed, split, questions });
    const taken = new Set<string>();
    for (const { id, title } of world.documents) {
      if (names.has(title.toLowerCase())) taken.add(id);
      names.add(title.toLowerCase());
    }
    const drawn = new Set<string>();
    for (const { question, answer, type, hops, conclusion } of world.questions) {
      const isTaken = hops.some(({ documentId }) => taken.has(documentId));
      if (hops.length > maxHops || isTaken || texts.has(question.toLowerCase())) continue;
      texts.add(question.toLowerCase());
      const id = `${split}-${index}-${collection[split].length}`;
      collection[split].push({ id, question, answer, type, hops, conclusion });
      for (const hop of hops) {
        const fact = `${hop.subject} ${hop.relation}`;
        if (drawn.has(fact)) continue;
        drawn.add(fact);
        const ofFact = random.fork(split).fork(index).fork(fact);
        const found = drawPages(ofFact, hop, world.documents, pagesPerHop + (ofFact.chance(ONE_MORE) ? 1 : 0));
        collection.pages.push(...found.map((page) => withOwnUrl(webPage(page, hop, world.documents), urls)));
      }
    }
  };
  // Held-out worlds first: they are the same however many others there are.
  for (let index = 0; index < testWorlds; index++) add("test", index);
  for (let index = 0; index < trainWorlds; index++) add("train", index);
  return collection;
}

/** What a drawn page says, read from why it is noise. */
function webPage({ result, noise, wrong }: FoundPage, hop: Hop, documents: readonly WorldDocument[]): WebPage {
  const { content, metadata: { url, publisher, date } } = result;
  const page: WebPage = {
    ...{ url, publisher, date, content },
    subject: hop.subject,
    relation: hop.relation,
    value: hop.answer,
    isOutdated: false,
  };
  if (noise === null) return page;
  if (noise.startsWith("is about ")) return { ...page, subject: noise.slice("is about ".length), value: wrong };
  if (noise.startsWith("is old")) return { ...page, value: wrong, isOutdated: true };
  return { ...page, ...(factSaid(content, hop, documents) ?? { relation: null, value: null }) };
}

/** Which other fact about the thing the content is a sentence of; null for an advertisement. */
function factSaid(content: string, hop: Hop, documents: readonly WorldDocument[]) {
  const about = documents.find(({ id }) => id === hop.documentId)!;
  const said = about.facts.find(({ relation, value }) =>
    relation.sentences.some((sentence) => fill(sentence, hop.subject, value) === content)
  );
  return said === undefined ? null : { relation: said.relation.name, value: said.value };
}

function withOwnUrl(page: WebPage, urls: Set<string>): WebPage {
  let { url } = page;
  for (let number = 100; urls.has(url); number++) url = page.url.replace(/\d+$/, String(number));
  urls.add(url);
  return { ...page, url };
}

/** Pages by their addresses. */
export type PagesByUrl = ReadonlyMap<string, WebPage>;

/** The pages by their addresses. */
export function pagesByUrl(pages: readonly WebPage[]): PagesByUrl {
  return new Map(pages.map((page) => [page.url, page]));
}

/** Whether a page says what is looked for. */
export function saysHop(page: WebPage, { subject, relation, answer }: Hop): boolean {
  return page.subject === subject && page.relation === relation && page.value === answer && !page.isOutdated;
}

/** Why a page is left out, as it follows its address: "is about Velmora". Null where it says what is looked for. */
export function whyNoise(page: WebPage, hop: Hop): string | null {
  if (saysHop(page, hop)) return null;
  if (page.relation === null) return "is an advertisement";
  if (page.subject !== hop.subject) return `is about ${page.subject}`;
  if (page.relation !== hop.relation) return `does not say ${hop.need}`;
  return `is old, from ${page.date.slice(0, 4)}`;
}
