/** What a retriever learns from: a query, the passage it should find, and passages that only look like it. */
import type { CorpusOptions } from "../corpora/corpus.ts";

/** One query with its passage. */
export interface RetrievalPair {
  query: string;
  passage: string;
  /** Passages of the same sort that do not answer. */
  negatives?: readonly string[];
  /** What it is about: passages of one topic may answer each other's queries, so they are no negatives for them. */
  topic?: string;
}

/** An endless stream of pairs of one sort. */
export interface PairSource {
  kind: string;
  /** How often its pairs are drawn, relative to others. */
  weight: number;
  /** Number `index` of the stream. */
  pairAt(index: number, options?: CorpusOptions): RetrievalPair;
}
