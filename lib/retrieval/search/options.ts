import type { Filter } from "../store/mod.ts";
import type { SearchResult } from "./result.ts";

/** Which side is asked. */
export type SearchMode = "dense" | "fullText" | "hybrid";

/** How rankings become one. */
export type Fusion =
  /** Reciprocal rank fusion; `k` is 60 by default. */
  | { kind: "rrf"; k?: number }
  /** Scores brought to 0 to 1 and added, the dense ones by `denseWeight` (default 0.5), those of full text by the rest. */
  | { kind: "minMax"; denseWeight?: number };

/**
 * Scores passages against a query, better than vectors can: a cross-encoder, or a language model. Gets each passage with its title
 * and headings, and for those who want more the results that they come from; gives a number for each, higher is better.
 */
export type Rerank = (
  query: string,
  passages: readonly string[],
  options: { signal?: AbortSignal; results: readonly SearchResult[] },
) => Promise<ArrayLike<number>>;

/** Queries to search for in place of one, such as it in standard terms. The one that was asked counts only if it is among them. */
export type Rewrite = (query: string, options: { signal?: AbortSignal }) => Promise<readonly string[]>;

/** The least scores. What is below is left out. */
export interface Floors {
  /** Cosine that a passage must have to come from the dense side. */
  dense?: number;
  /** BM25 that it must have to come from full text. */
  fullText?: number;
  /** Fused score. */
  fused?: number;
  /** The reranker's. */
  rerank?: number;
}

/** How to search. */
export interface SearchOptions {
  /** Default `hybrid`. */
  mode?: SearchMode;
  /** Results at most. Default 5. */
  k?: number;
  /** Passages that each side gives, before fusion. Default 50, and never below `k`. */
  candidates?: number;
  filter?: Filter;
  /** Used where there is more than one ranking: in hybrid search, or with several queries. Default `rrf` with k 60. */
  fusion?: Fusion;
  rewrite?: Rewrite;
  /** A function, or a model of `rerank/` as it is. */
  rerank?: Rerank | { rerank: Rerank };
  /** The best of the fused passages, which the reranker scores; the rest are left out. Default 20, and never below `k`. */
  rerankPool?: number;
  /** Chooses results that are unlike each other, by maximal marginal relevance; 1 is none of it. They stay ordered by score. */
  diversity?: { lambda: number };
  floor?: Floors;
  signal?: AbortSignal;
}

const MODES: readonly SearchMode[] = ["dense", "fullText", "hybrid"];

/**
 * Fills the defaults in.
 *
 * @throws {RangeError} naming an option that cannot be
 */
export function readOptions(options: SearchOptions) {
  const { mode = "hybrid", k = 5, fusion = { kind: "rrf" }, floor = {} } = options;
  const { candidates = 50, rerankPool = 20 } = options;
  for (const [name, count] of Object.entries({ k, candidates, rerankPool })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${count}`);
    }
  }
  if (!MODES.includes(mode)) throw new RangeError(`mode: expected one of ${MODES.join(", ")}, got ${mode}`);
  for (const [name, least] of Object.entries(floor)) {
    if (least !== undefined && !(typeof least === "number" && !Number.isNaN(least))) {
      throw new RangeError(`floor.${name}: expected a number, got ${least}`);
    }
  }
  return {
    ...options,
    mode,
    k,
    fusion,
    floor,
    candidates: Math.max(k, candidates),
    rerankPool: Math.max(k, rerankPool),
  };
}
