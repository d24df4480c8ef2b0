/** Whether an answer cites what supports it, judged by labels. */

/** A citation, by the article that it leads to. */
export interface CitedArticle {
  /** Null where the number is no passage's. */
  article: string | null;
  /** Whether the passage exists and holds the quote. */
  found: boolean;
}

/** From 0 to 1. */
export interface CitationScores {
  /** The share of citations that are right; null where nothing is cited. */
  precision: number | null;
  /** The share of the supporting articles that are cited rightly. */
  recall: number;
}

/**
 * Citation precision and recall. A citation is right when it leads to an article that supports the answer and its
 * quote, where it has one, stands there. The names are those of Gao et al. 2023 (arXiv:2305.14627), who ask a model
 * whether a passage supports a sentence; labels need none, and know only which articles hold the answer.
 *
 * @throws {RangeError} When no article supports the answer.
 */
export function citationScores(citations: readonly CitedArticle[], supporting: readonly string[]): CitationScores {
  const wanted = new Set(supporting);
  if (wanted.size === 0) throw new RangeError("no article supports the answer: leave questions without an answer out");
  const right = citations.flatMap(({ article, found }) =>
    found && article !== null && wanted.has(article) ? [article] : []
  );
  return {
    precision: citations.length === 0 ? null : right.length / citations.length,
    recall: new Set(right).size / wanted.size,
  };
}
