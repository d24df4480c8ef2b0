/** Which passages an answer may rest on, numbered, with the sentences in them that matter. */
import { rankSentences } from "../../retrieval/answer/mod.ts";
import { search, type SearchResult, stemsOf } from "../../retrieval/search/mod.ts";
import { RISK_LEVELS, type RiskLevel, riskOf } from "./article_metadata.ts";
import type { NumberedEvidence } from "./events.ts";
import type { MedicalKnowledge } from "./knowledge.ts";
import { type OrderedSentence, orderSentences, verdictOf } from "./order_sentences.ts";
import { type QuestionReading, readQuestion } from "./read_question.ts";
import { type FoundWarning, warningsFor, withoutClosing } from "./patient_warnings.ts";

/** What is looked for. */
export interface EvidenceInput {
  /** The query's text. */
  query: string;
  /** The question as it was asked, with the one before where it needs that: sentences are ranked by it. */
  question: string;
  /** What of the patient makes the question another one, as `entitiesOfProfile` has it. */
  patient: readonly string[];
}

/** How much is looked for. */
export interface EvidenceOptions {
  /** Passages. Default 5. */
  k?: number;
  /** Below it nothing is known. Default `HOUSE_CERTAINTY`. */
  leastCertainty?: number;
  signal?: AbortSignal;
}

/**
 * The least certainty for an answer with the house encoder: with it no unanswerable question of one half of the library's labelled
 * questions gets an answer, nor does one of the other half, which was not looked at. Cosines of other encoders mean something else.
 */
export const HOUSE_CERTAINTY = 0.85;

/** A sentence that concerns this patient besides what was asked. */
export interface Caution {
  /** Of the evidence. */
  number: number;
  /** What of the patient it is about: "pregnancy", "warfarin". */
  about: string;
  text: string;
}

/** What was found. */
export interface FoundEvidence {
  /** From number 1, the best first. `quotes` are the sentences that speak to the question or to the patient. */
  evidence: NumberedEvidence[];
  /** The passages themselves, in the same order. */
  results: SearchResult[];
  /** All of their sentences, in the order of what they are worth as an answer. */
  ranked: OrderedSentence[];
  /** What the question names and asks for. */
  reading: QuestionReading;
  cautions: Caution[];
  /**
   * Of the best sentence's passage: the share of the question's words that it has, each by how much it tells, and its cosine, added. From 0
   * to 2; 0 where nothing was found. Each by itself can be fooled: by a common word, or by a passage of the same kind.
   */
  certainty: number;
  /**
   * Whether there is enough for an answer: that certainty, or a sentence that plainly tells what is asked of an article that the question
   * names; and never where nothing tells what is asked.
   */
  isKnown: boolean;
}

/**
 * Sentences of a passage that are pointed out; more for a plain question, since its answer may quote as many, and an auditor has to be shown
 * them all.
 */
const [QUOTES_PER_PASSAGE, QUOTES_OF_PLAIN] = [2, 3];
/**
 * Searches for a question. What concerns this patient must not be crowded out by what concerns everybody: for each medicine, illness and
 * group of the patient one more search looks for sentences that warn about it together with what is asked, and the best of them take the last
 * places.
 *
 * @throws When the embedder or the table fails, or the signal is aborted.
 */
export async function findEvidence(
  knowledge: MedicalKnowledge,
  { query: rewritten, question: asked, patient }: EvidenceInput,
  { k = 5, leastCertainty = HOUSE_CERTAINTY, signal }: EvidenceOptions = {},
): Promise<FoundEvidence> {
  const { table, weights } = knowledge;
  const [query, question] = [subjectOf(rewritten), subjectOf(asked)];
  const judge = { embedder: table.embedder, weights, signal };
  const found = (await search(table, query, { ...knowledge.search, k, signal })).map((result) =>
    withoutClosing(result, knowledge)
  );
  const reading = readQuestion(asked, knowledge.names);
  const ofNamed = await passagesOfNamed(knowledge, query, reading, signal);
  const warnings = await warningsFor(knowledge, question, patient, signal);
  const candidates = uniqueById([...found, ...warnings.map(({ result }) => result), ...ofNamed]);
  const relevant = await rankSentences(question, candidates, judge);
  const first = relevant.find(({ result }) => found.some(({ chunk }) => chunk.id === result.chunk.id));
  const certainty = first === undefined ? 0 : first.passageCoverage + (first.result.parts.dense?.score ?? 0);
  const ordered = orderSentences(relevant, reading, weights);
  const results = withWarnings(bestFirst(found, ordered, reading), warnings.map(({ result }) => result), k);
  const ids = new Set(results.map(({ chunk }) => chunk.id));
  const ranked = ordered.filter(({ result }) => ids.has(result.chunk.id));
  const verdict = cautionsAnswer(reading, warnings) ? "open" : verdictOf(ordered, reading);
  const numberOf = new Map(results.map(({ chunk }, at) => [chunk.id, at + 1]));
  const cautions = warnings.flatMap(({ result, about, text }) => {
    const number = numberOf.get(result.chunk.id);
    return number === undefined ? [] : [{ number, about, text }];
  });
  const most = reading.isPlain ? QUOTES_OF_PLAIN : QUOTES_PER_PASSAGE;
  const evidence = results.map((result, at) =>
    numbered(
      result,
      at + 1,
      ranked.filter(({ result: { chunk } }) => chunk.id === result.chunk.id).slice(0, most),
      cautions,
    )
  );
  const isKnown = verdict === "told" || (verdict === "open" && certainty >= leastCertainty);
  return { evidence, results, ranked, reading, cautions, certainty, isKnown };
}

/** Passages of a named article that are looked at. */
const PASSAGES_OF_NAMED = 8;
/** Named articles that are looked into. */
const MOST_NAMED = 3;

/** All passages of the articles that the question names: what answers may stand in one that has none of its words. */
async function passagesOfNamed(
  knowledge: MedicalKnowledge,
  query: string,
  { named }: QuestionReading,
  signal: AbortSignal | undefined,
): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  for (const { source } of named.slice(0, MOST_NAMED)) {
    const filter = { op: "eq", column: "source", value: source } as const;
    const how = { ...knowledge.search, rerank: undefined, k: PASSAGES_OF_NAMED, signal };
    const own = await search(knowledge.table, query, {
      ...how,
      filter: how.filter === undefined ? filter : { op: "and", filters: [how.filter, filter] },
    });
    found.push(...own.map((result) => withoutClosing(result, knowledge)));
  }
  return found;
}

function uniqueById(results: readonly SearchResult[]): SearchResult[] {
  const seen = new Set<string>();
  return results.filter(({ chunk }) => seen.size < seen.add(chunk.id).size);
}

/**
 * The passages of the best sentences first, where the question names their article or they tell what it asks: one of each article that it
 * names, and of each no more than its best three.
 */
function bestFirst(
  found: readonly SearchResult[],
  ordered: readonly OrderedSentence[],
  { named }: QuestionReading,
): SearchResult[] {
  const told = ordered.filter(({ isNamed, tellsPair }) => tellsPair || isNamed);
  const sources = new Set(named.map(({ source }) => source));
  const best = [...sources].flatMap((source) => {
    const own = told.filter(({ result }) => result.chunk.source === source);
    return own.slice(0, BEST_OF_NAMED);
  }).sort((one, other) => other.worth - one.worth);
  const pair = told.filter(({ tellsPair }) => tellsPair).slice(0, 1);
  return uniqueById([...pair, ...best].map(({ result }) => result).concat(found));
}

/** Sentences of a named article whose passages come first. */
const BEST_OF_NAMED = 3;

/** A warning for this patient answers whether something goes with what they have, take or are. */
function cautionsAnswer({ pair }: QuestionReading, warnings: readonly FoundWarning[]): boolean {
  return pair !== null && warnings.some(({ about }) => pair.some(({ groups }) => groups.includes(about)));
}

/** How people ask what to do; that they do says nothing about what it is for. */
const ASKS =
  /\b(?:(?:what|which (?:medicines?|pills?|drugs?)|how)\s+)?(?:can|may|could|should|shall|must|do)\s+(?:i|we|he|she|they|you|one)\s+(?:safely\s+)?(?:take|use|do|have|give|try|get)\b|\bwhat (?:else )?helps\b|\bis it (?:safe|okay|ok|fine)\b/gi;

/** Whose question it is: the group is looked for by itself, and a library speaks of no daughters. */
const WHOSE =
  /\b(?:my|our|a|the)\s+(?:\d{1,3}[- ](?:year|month|week)s?[- ]old\s+)?(?:son|daughter|child|kid|boy|girl|baby|mother|father|mom|mum|dad|husband|wife|brother|sister|grandmother|grandfather|grandma|grandpa|neighbor|friend)\b(?:\s+(?:is|has|have|had|was)\b)?/gi;

/**
 * A question without the words that only say that it is one, and whose: "take" is rare in a library, and would lead to whatever is taken.
 */
function subjectOf(question: string): string {
  const subject = question.replace(ASKS, " ").replace(WHOSE, " ").replace(/\s+/g, " ").trim();
  return stemsOf(subject).size > 0 ? subject : question;
}

function numbered(
  { chunk, score }: SearchResult,
  number: number,
  pointedOut: readonly OrderedSentence[],
  cautions: readonly Caution[],
): NumberedEvidence {
  const own = pointedOut.map(({ start, end }) => ({ start, end }));
  const warned = cautions.filter((caution) => caution.number === number).map(({ text }) => chunk.text.indexOf(text))
    .filter((start) => start >= 0 && !own.some((span) => span.start === start))
    .map((start) => ({
      start,
      end: start + (cautions.find(({ text }) => chunk.text.startsWith(text, start))?.text.length ?? 0),
    }));
  const { metadata } = chunk;
  // The passage's own risk, unless the article's author said one: in an article about burns not all is dangerous.
  const told = RISK_LEVELS.find((level) => level === metadata.risk_level);
  return {
    number,
    title: chunk.title,
    headings: chunk.headings.filter((heading) => heading !== chunk.title),
    text: chunk.text,
    source: chunk.source,
    riskLevel: lower(told, riskOf(`${chunk.headings.join(" ")} ${chunk.text}`)),
    category: metadata.category ?? "",
    updateDate: metadata.update_date ?? "",
    score,
    quotes: [...own, ...warned].sort((one, other) => one.start - other.start),
  };
}

function lower(article: RiskLevel | undefined, passage: RiskLevel): RiskLevel {
  if (article === undefined) return passage;
  return RISK_LEVELS[Math.min(RISK_LEVELS.indexOf(article), RISK_LEVELS.indexOf(passage))];
}

/** The best results and all passages that are there for the patient's sake: the last results give way to those. */
function withWarnings(found: readonly SearchResult[], warnings: readonly SearchResult[], k: number): SearchResult[] {
  const wanted = new Map(warnings.map((result) => [result.chunk.id, result]));
  let room = Math.max(1, k - wanted.size);
  const kept = found.filter(({ chunk }) => wanted.delete(chunk.id) || room-- > 0);
  return [...kept, ...wanted.values()];
}
