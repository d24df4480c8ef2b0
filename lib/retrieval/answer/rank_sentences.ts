/** Which sentences of the passages that a search found speak to the question. */
import { embeddedText } from "../chunk/mod.ts";
import { cosine, type Embedder } from "../embed/mod.ts";
import { coverage, type SearchResult, stemsOf, type WordWeights } from "../search/mod.ts";
import { sentencesOf, type Span } from "./sentences.ts";

/** What sentences are judged by. */
export interface SentenceJudge {
  /** The table's. */
  embedder: Pick<Embedder, "countTokens" | "description" | "embedPassages" | "embedQueries">;
  /** The table's (`wordWeights`). */
  weights: WordWeights;
  signal?: AbortSignal;
}

/** A sentence of a passage, with what speaks for it. */
export interface RankedSentence extends Span {
  /** The passage; `start` and `end` are offsets in its text. */
  result: SearchResult;
  /** The share of the question's words (`coverage`) in the sentence, its title and headings: from 0 to 1. */
  coverage: number;
  /** The same for the whole passage. */
  passageCoverage: number;
  /** Cosine of the question and the sentence below its title and headings. */
  cosine: number;
  /** What they are ordered by: coverage + passageCoverage / 2 + cosine. */
  relevance: number;
}

/**
 * The sentences of the results, the most relevant first. Headings are no sentences. A sentence is read where it stands:
 * "It is given at night" is about what the title names, and so title and headings count for it, and half of what its
 * passage says does.
 *
 * @throws When the embedder fails, or the signal is aborted.
 */
export async function rankSentences(
  question: string,
  results: readonly SearchResult[],
  { embedder, weights, signal }: SentenceJudge,
): Promise<RankedSentence[]> {
  const asked = stemsOf(question);
  const found = results.flatMap((result) => {
    const place = stemsOf([result.chunk.title, ...result.chunk.headings].join("\n"));
    const passageCoverage = coverage(asked, place.union(stemsOf(result.chunk.text)), weights);
    return statementsOf(result).map((span) => {
      const words = stemsOf(result.chunk.text.slice(span.start, span.end));
      return { ...span, result, coverage: coverage(asked, place.union(words), weights), passageCoverage };
    });
  });
  const cosines = await cosinesOf(question, found, embedder, signal);
  return found.map((sentence, index) => ({
    ...sentence,
    cosine: cosines[index],
    relevance: sentence.coverage + sentence.passageCoverage / 2 + cosines[index],
  })).sort((one, other) => other.relevance - one.relevance);
}

/** The sentences of a passage that are not headings. */
export function statementsOf({ chunk: { text, title, headings } }: SearchResult): Span[] {
  const places = new Set([title, ...headings]);
  return sentencesOf(text).filter(({ start, end }) => !places.has(text.slice(start, end)));
}

async function cosinesOf(
  question: string,
  sentences: readonly (Span & { result: SearchResult })[],
  embedder: SentenceJudge["embedder"],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  if (sentences.length === 0) return [];
  const [query] = await embedder.embedQueries([question], { signal });
  const { maxTokens } = embedder.description;
  const texts = sentences.map(({ start, end, result: { chunk } }) => {
    const text = chunk.text.slice(start, end);
    const placed = embeddedText({ ...chunk, text });
    // A passage has just room for itself: under its title a sentence that fills it may have none.
    return [placed, text].find((each) => embedder.countTokens(each) <= maxTokens) ?? "";
  });
  const vectors = await embedder.embedPassages(texts, { signal });
  return vectors.map((vector, index) => texts[index] === "" ? 0 : cosine(query, vector));
}
