/** Passages cut down to the sentences that speak to the question. */
import { type Chunk, embeddedText } from "../chunk/mod.ts";
import type { SearchResult } from "../search/mod.ts";
import { type RankedSentence, rankSentences, type SentenceJudge, statementsOf } from "./rank_sentences.ts";

/** How much is kept. */
export interface ExcerptOptions extends SentenceJudge {
  /** Sentences that are kept of all passages together. Default 5. */
  maxSentences?: number;
  /** Sentences that are kept of one passage. Default 2. */
  maxPerPassage?: number;
}

/**
 * The results with only their most relevant sentences: what a model that was taught on short passages can read, and
 * what leaves room for more documents in a prompt. Sentences that follow each other become one excerpt, so an
 * excerpt is always text as it stands in the document: its offsets are the document's, and a citation of it leads
 * there. Excerpts of the most relevant document come first, those of one document in its order.
 *
 * @returns As results of a search: `chunk` is the excerpt, `score` its best sentence's relevance, `parts` its passage's.
 * @throws {RangeError} When a limit is not a whole number above 0.
 * @throws When the embedder fails, or the signal is aborted.
 */
export async function excerptsFor(
  question: string,
  results: readonly SearchResult[],
  { maxSentences, maxPerPassage, ...judge }: ExcerptOptions,
): Promise<SearchResult[]> {
  return excerptsOf(await rankSentences(question, results, judge), { maxSentences, maxPerPassage, ...judge });
}

/** The same for sentences that are ranked already. */
export function excerptsOf(
  ranked: readonly RankedSentence[],
  { maxSentences = 5, maxPerPassage = 2, embedder }: Pick<
    ExcerptOptions,
    "maxSentences" | "maxPerPassage" | "embedder"
  >,
): SearchResult[] {
  for (const [name, value] of Object.entries({ maxSentences, maxPerPassage })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${value}`);
    }
  }
  const kept = new Map<string, RankedSentence[]>();
  let count = 0;
  for (const sentence of ranked) {
    if (count === maxSentences) break;
    const { chunk } = sentence.result;
    const own = kept.get(chunk.id) ?? [];
    if (own.length === maxPerPassage || isThere(sentence, kept)) continue;
    kept.set(chunk.id, [...own, sentence]);
    count++;
  }
  const excerpts = [...kept.values()].flatMap((sentences) => runsOf(sentences)).map((run) => excerptOf(run, embedder));
  const documents = [...Map.groupBy(excerpts, ({ chunk }) => chunk.source).values()];
  const best = (group: readonly SearchResult[]) => Math.max(...group.map(({ score }) => score));
  return documents.sort((one, other) => best(other) - best(one))
    .flatMap((group) => group.sort((one, other) => one.chunk.start - other.chunk.start));
}

/** A sentence as an excerpt by itself. */
export function excerptOf(
  run: readonly RankedSentence[],
  embedder: Pick<SentenceJudge["embedder"], "countTokens">,
): SearchResult {
  const { chunk, parts } = run[0].result;
  const start = Math.min(...run.map((sentence) => sentence.start));
  const end = Math.max(...run.map((sentence) => sentence.end));
  const cut = { ...chunk, text: chunk.text.slice(start, end) };
  const excerpt: Chunk = {
    ...cut,
    id: `${chunk.id}:${start}-${end}`,
    start: chunk.start + start,
    end: chunk.start + end,
    tokens: embedder.countTokens(embeddedText(cut)),
  };
  return { chunk: excerpt, score: Math.max(...run.map(({ relevance }) => relevance)), parts };
}

/** Passages that overlap have sentences in common. */
function isThere(sentence: RankedSentence, kept: ReadonlyMap<string, readonly RankedSentence[]>): boolean {
  const at = ({ result: { chunk }, start }: RankedSentence) => `${chunk.source}:${chunk.start + start}`;
  return [...kept.values()].flat().some((other) => at(other) === at(sentence));
}

/** Sentences of one passage, those that follow each other together. */
function runsOf(sentences: readonly RankedSentence[]): RankedSentence[][] {
  const order = statementsOf(sentences[0].result).map(({ start }) => start);
  const runs: RankedSentence[][] = [];
  let last = -2;
  for (const sentence of sentences.toSorted((one, other) => one.start - other.start)) {
    const place = order.indexOf(sentence.start);
    if (place === last + 1) runs.at(-1)!.push(sentence);
    else runs.push([sentence]);
    last = place;
  }
  return runs;
}
