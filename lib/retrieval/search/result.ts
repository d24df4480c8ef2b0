import type { Chunk } from "../chunk/mod.ts";

/** A passage that a search found. */
export interface SearchResult {
  chunk: Chunk;
  /** What the results are ordered by: higher is better. Comparable within one search only. */
  score: number;
  /** Where the score comes from. */
  parts: ScoreParts;
}

/** The scores of each side, where it found the passage. */
export interface ScoreParts {
  /** Cosine of query and passage, from -1 to 1, and its place, from 1. */
  dense?: { score: number; rank: number };
  /** BM25 of the full-text index, and its place, from 1. */
  fullText?: { score: number; rank: number };
  /** Both, fused. */
  fused?: number;
  /** The reranker's. */
  rerank?: number;
}
