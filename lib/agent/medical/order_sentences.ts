/** The order of sentences for an answer: what the question names and asks for, beside its words and its meaning. */
import { mentions } from "../../data/mod.ts";
import type { RankedSentence } from "../../retrieval/answer/mod.ts";
import { coverage, stemsOf, type WordWeights } from "../../retrieval/search/mod.ts";
import { aspectFit } from "./asked_aspect.ts";
import { concernsIn, type QuestionReading, type Side } from "./read_question.ts";

/** A sentence with what speaks for it as an answer. */
export interface OrderedSentence extends RankedSentence {
  /** Whether its article is one that the question names, or it names a medicine of the question that no article is about. */
  isNamed: boolean;
  /** How well it tells what is asked for, from 0 to 1; of several aspects the least. 0 where the question asks for none that is known. */
  fit: number;
  /** Whether it speaks of both things that are asked about together; null where there are no two. */
  tellsPair: boolean | null;
  /** What sentences are ordered by. */
  worth: number;
}

/** The article that is named goes before others. */
const NAMED = 1;
/**
 * What an aspect counts. Where a question says nothing besides, it chooses among the sentences of the named article, and what others say of
 * their own subjects is beside the point; where it does, its other words choose.
 */
const [PLAIN_FIT, BESIDES_FIT] = [1.5, 0.3];
const PAIR = 1.5;
/** A sentence for those whom the question is about. */
const CONCERN = 0.3;
/**
 * What the words count that are neither a name nor a way of asking: "see a doctor" must not outdo the cough that it is for. Where nothing is
 * named, they are all that the question is about.
 */
const [REST, ALL_BUT_REST] = [0.8, 1.5];

/** The sentences in the order of what they are worth as an answer. */
export function orderSentences(
  ranked: readonly RankedSentence[],
  reading: QuestionReading,
  weights: WordWeights,
): OrderedSentence[] {
  const named = new Set(reading.named.map(({ source }) => source));
  const hasSubject = reading.named.length + reading.medicines.length > 0;
  const plainness = plainnessOf(reading, weights);
  return ranked.map((sentence): OrderedSentence => {
    const { result: { chunk }, start, end } = sentence;
    const text = chunk.text.slice(start, end);
    const headings = chunk.headings.filter((heading) => heading !== chunk.title);
    const fits = reading.aspects.map((aspect) => aspectFit(aspect, text, headings));
    // A heading speaks for one aspect only; a sentence that is to tell two has to say both.
    const fit = fits.length === 0 || (fits.length > 1 && !fits.every(({ says }) => says))
      ? 0
      : Math.min(...fits.map((one) => one.fit));
    const isNamed = named.has(chunk.source) || reading.medicines.some((name) => mentions(text, name));
    const tellsPair = reading.pair === null ? null : tells(reading.pair, chunk.source, chunk.title, text, weights);
    const concerns = reading.concerns.length === 0 ? [] : concernsIn(text);
    const words = stemsOf([chunk.title, ...headings, text].join("\n"));
    const rest = reading.aspects.length === 0 ? 0 : coverage(reading.rest, words, weights);
    const worth = sentence.relevance + (hasSubject ? REST : ALL_BUT_REST) * rest + (isNamed ? NAMED : 0) +
      (tellsPair ? PAIR : 0) +
      (reading.concerns.some((concern) => concerns.includes(concern)) ? CONCERN : 0) +
      (isNamed ? BESIDES_FIT + (PLAIN_FIT - BESIDES_FIT) * plainness : reading.isPlain ? 0 : BESIDES_FIT) * fit;
    return { ...sentence, isNamed, fit, tellsPair, worth };
  }).sort((one, other) => other.worth - one.worth);
}

/** The share of the question's words, by how much they tell, that names and ways of asking are: 1 for a question that says nothing besides. */
function plainnessOf({ named, medicines, rest, aspects }: QuestionReading, weights: WordWeights): number {
  if (aspects.length === 0 || named.length + medicines.length === 0) return 0;
  const names = new Set([...named.flatMap(({ name }) => name.split(" ")), ...stemsOf(medicines.join(" "))]);
  return coverage(names.union(rest), names, weights);
}

/** A sentence is about both where it names both, or names one in an article about the other. */
function tells(
  [one, other]: readonly [Side, Side],
  source: string,
  title: string,
  text: string,
  weights: WordWeights,
): boolean {
  const [said, titled] = [stemsOf(text), stemsOf(title)];
  const groups = concernsIn(text);
  const says = (side: Side) =>
    side.groups.some((group) => groups.includes(group)) || coverage(side.stems, said, weights) >= MOST_OF ||
    side.names.some((name) => name.size > 0 && name.isSubsetOf(said));
  const isAbout = (side: Side) => side.sources.includes(source) || coverage(side.stems, titled, weights) >= MOST_OF;
  return (says(one) && (says(other) || isAbout(other))) || (says(other) && isAbout(one));
}

/** The share of a side's words, by how much they tell, that stand for it. */
const MOST_OF = 0.6;

/** From this fit on, a sentence tells what is asked for by itself or under a heading of its own. */
const LEAST_FIT = 0.25;
/** From this one on, it does both. */
const SURE_FIT = 0.8;

/** What can be said about the question from the sentences, beside how sure the search is. */
export type Verdict = "told" | "not told" | "open";

/**
 * Whether the sentences tell what is asked: `not told` where the question names two things and no sentence speaks of both, or asks plainly for
 * something of an article that none of its sentences tells; `told` where one does; else `open`.
 */
export function verdictOf(
  ordered: readonly OrderedSentence[],
  { isPlain, named, pair, medicines }: QuestionReading,
): Verdict {
  if (pair !== null && !ordered.some(({ tellsPair }) => tellsPair)) return "not told";
  if (pair !== null) return "told";
  if (!isPlain) return "open";
  const fits = ordered.filter(({ isNamed }) => isNamed).map(({ fit }) => fit);
  const best = Math.max(0, ...fits);
  if (best < LEAST_FIT) return "not told";
  return best >= SURE_FIT && medicines.length === 0 && !named.some(({ isMember }) => isMember) ? "told" : "open";
}
