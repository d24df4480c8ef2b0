/** How often a search finds the articles that answer. */
import type { Chunk } from "../chunk/mod.ts";
import type { SearchResult } from "../search/mod.ts";
import { articleName } from "./article_name.ts";
import type { MeanInterval, MeanIntervalOptions } from "./mean_interval.ts";
import { questionMeans } from "./question_means.ts";
import { ndcgAtK, precisionAtK, recallAtK, reciprocalRank } from "./ranking_metrics.ts";

/** A question with what a search should find. */
export interface RetrievalQuestion {
  id: string;
  question: string;
  /** Empty where nothing answers. */
  articles: readonly string[];
  /** Means are told by kind too. Default "all". */
  kind?: string;
}

/** What to evaluate. */
export interface RetrievalEvaluationOptions extends MeanIntervalOptions {
  questions: readonly RetrievalQuestion[];
  /** The results for a question, the best first: at least as many as the largest of `ks`, where there are so many. */
  search: (question: string) => Promise<readonly SearchResult[]>;
  /** For recall and precision. Default 1, 5 and 10. */
  ks?: readonly number[];
  /** The article of a passage, as questions name it. Default: the source's file name without its extension. */
  articleOf?: (chunk: Chunk) => string;
  signal?: AbortSignal;
  /** Called after each question. */
  onProgress?: (done: number, total: number) => void;
}

/** What was found for a question. */
export interface RetrievalRow {
  id: string;
  kind: string;
  question: string;
  /** What should be found. */
  articles: readonly string[];
  /** The articles of the results, the best first. */
  found: string[];
  /** The best result's; null where nothing is found. For choosing a floor. */
  topScore: number | null;
  /** `recall@k` and `precision@k` for each k, `mrr`, `ndcg@10`. None where nothing answers. */
  metrics: Record<string, number>;
}

/** What came out. */
export interface RetrievalEvaluation {
  /** In the order of the questions. */
  rows: RetrievalRow[];
  /** Over the questions that something answers. */
  means: Record<string, MeanInterval>;
  byKind: Record<string, Record<string, MeanInterval>>;
}

/**
 * Searches for each question and compares the articles of the results with those that answer. Places are those of
 * passages: a second passage of an article takes a place and adds nothing.
 *
 * @throws When there is no question, or a search fails.
 */
export async function evaluateRetrieval(options: RetrievalEvaluationOptions): Promise<RetrievalEvaluation> {
  const { questions, search, ks = [1, 5, 10], articleOf = articleName, signal, onProgress, ...interval } = options;
  if (questions.length === 0) throw new Error("evaluateRetrieval: there are no questions");
  const rows: RetrievalRow[] = [];
  for (const { id, question, articles, kind = "all" } of questions) {
    signal?.throwIfAborted();
    const results = await search(question);
    const found = results.map(({ chunk }) => articleOf(chunk));
    const metrics = articles.length === 0 ? {} : rankingMetrics(found, articles, ks);
    rows.push({ id, kind, question, articles, found, topScore: results[0]?.score ?? null, metrics });
    onProgress?.(rows.length, questions.length);
  }
  return { rows, ...questionMeans(rows, interval) };
}

function rankingMetrics(
  found: readonly string[],
  articles: readonly string[],
  ks: readonly number[],
): Record<string, number> {
  return {
    ...Object.fromEntries(ks.map((k) => [`recall@${k}`, recallAtK(found, articles, k)])),
    ...Object.fromEntries(ks.map((k) => [`precision@${k}`, precisionAtK(found, articles, k)])),
    "mrr": reciprocalRank(found, articles),
    "ndcg@10": ndcgAtK(found, articles, 10),
  };
}
