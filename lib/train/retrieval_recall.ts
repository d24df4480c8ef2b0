/** How often a retriever finds the passage of a query among many. */
import type { TitledQuestions } from "../data/mod.ts";
import type { SentenceEncoder } from "../models/encoder/mod.ts";
import { bm25 } from "./bm25.ts";
import type { TextPair } from "./contrastive.ts";
import type { Metrics } from "./step.ts";

/** For each query the indexes of passages, the best first, `k` of them. */
export type Ranker = (queries: readonly string[], passages: readonly string[], k: number) => Promise<number[][]>;

/** Ranks by the cosine of embeddings. */
export function denseRanker(encoder: SentenceEncoder): Ranker {
  return async (queries, passages, k) => {
    const [asked, found] = [await encoder.embed(queries), await encoder.embed(passages)];
    return asked.map((query) => highest(found.map((passage) => dot(query, passage)), k));
  };
}

/** Millions of them are computed: a plain loop is far faster than one over the array's methods. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Ranks by BM25. */
export const wordRanker: Ranker = (queries, passages, k) => {
  const score = bm25(passages);
  return Promise.resolve(queries.map((query) => highest(score(query), k)));
};

/** The indexes of the `k` highest scores; of equal ones the first come first. */
function highest(scores: ArrayLike<number>, k: number): number[] {
  return Array.from(scores, (_, at) => at).sort((a, b) => scores[b] - scores[a]).slice(0, k);
}

/**
 * The share of queries with a right passage among the first 1, 5 and 10: `recall@1` and so on. The passages of all pairs are the
 * pool; right is the pair's own, any of the same text, and any of the same topic.
 */
export async function pairRecall(rank: Ranker, pairs: readonly TextPair[]): Promise<Metrics> {
  const ranked = await rank(pairs.map(({ query }) => query), pairs.map(({ passage }) => passage), 10);
  const isRight = (pair: TextPair, other: TextPair) =>
    other.passage === pair.passage || (pair.topic !== undefined && other.topic === pair.topic);
  const share = (k: number) => {
    const found = ranked.filter((order, i) => order.slice(0, k).some((at) => isRight(pairs[i], pairs[at])));
    return found.length / pairs.length;
  };
  return { "recall@1": share(1), "recall@5": share(5), "recall@10": share(10) };
}

/** The mean share of a question's titles among the first 2, 5 and 10. */
export async function titleRecall(rank: Ranker, { corpus, questions }: TitledQuestions): Promise<Metrics> {
  const titles = Object.keys(corpus);
  const passages = titles.map((title) => `${title}. ${corpus[title].join("").trim()}`);
  const ranked = await rank(questions.map(({ question }) => question), passages, 10);
  const share = (k: number) => {
    const each = questions.map((question, i) => {
      const found = new Set(ranked[i].slice(0, k).map((at) => titles[at]));
      return question.titles.filter((title) => found.has(title)).length / question.titles.length;
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  };
  return { "recall@2": share(2), "recall@5": share(5), "recall@10": share(10) };
}
