/**
 * Pairs of a query and the passage that answers it, generated, for training and judging retrievers.
 *
 * @module
 */
import { Random, type RandomSeed } from "../../random/mod.ts";
import type { Split } from "../corpora/corpus.ts";
import { articleQuestions, clozeSpans, keywords, titles } from "./article_pairs.ts";
import { mathematicsTerms, wordProblems } from "./mathematics_pairs.ts";
import { medicalQuestions } from "./medical_pairs.ts";
import type { PairSource, RetrievalPair } from "./pair.ts";
import { rewrites } from "./rewrite_pairs.ts";
import { topics } from "./topic_pairs.ts";
import { paraphrases, worldQuestions } from "./world_pairs.ts";

export { type LibraryArticle, libraryArticle, type LibrarySection, readLibraryArticles } from "./library_articles.ts";
export { libraryPairSources } from "./library_pairs.ts";
export type { PairSource, RetrievalPair } from "./pair.ts";

/** All sorts of pairs that need no texts of others; `libraryPairSources` makes more from articles. */
export const PAIR_SOURCES: readonly PairSource[] = [
  articleQuestions,
  clozeSpans,
  keywords,
  titles,
  worldQuestions,
  paraphrases,
  medicalQuestions,
  rewrites,
  mathematicsTerms,
  wordProblems,
  topics,
];

/** Which batches, and how large. */
export interface PairBatchOptions {
  /** What pairs are drawn from. Default `PAIR_SOURCES`. */
  sources?: readonly PairSource[];
  /** Default 64. */
  size?: number;
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "train". */
  split?: Split;
  /** The share of batches that mix all sorts. Others have one sort, whose passages are hard to tell apart. Default 0.3. */
  mixedShare?: number;
}

/** Batch number `step` of an endless stream: any one can be had without those before it. */
export function pairBatchAt(
  step: number,
  { sources = PAIR_SOURCES, size = 64, seed = 0, split = "train", mixedShare = 0.3 }: PairBatchOptions = {},
): RetrievalPair[] {
  const random = new Random(seed).fork("pair batches").fork(split).fork(step);
  const weights = sources.map(({ weight }) => weight);
  const draw = () => sources[random.weightedIndex(weights)];
  const only = random.chance(mixedShare) ? null : draw();
  return Array.from({ length: size }, (_, row) => (only ?? draw()).pairAt(step * size + row, { seed, split }));
}
