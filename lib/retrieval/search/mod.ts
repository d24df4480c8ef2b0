/**
 * Finding passages.
 *
 * @module
 */
export { maximalMarginalRelevance } from "./diversity.ts";
export { minMax, minMaxFusion, type Ranking, reciprocalRankFusion, type WeightedRanking } from "./fusion.ts";
export type { Floors, Fusion, Rerank, Rewrite, SearchMode, SearchOptions } from "./options.ts";
export type { ScoreParts, SearchResult } from "./result.ts";
export { search } from "./search.ts";
export { stemsOf } from "./stems.ts";
export { coverage, type WordWeights, wordWeights, wordWeightsOf } from "./word_weights.ts";
