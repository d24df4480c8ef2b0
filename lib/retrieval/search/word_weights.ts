/** How much each word of a question tells, judged by how rare it is in a table. */
import type { PassageTable } from "../store/mod.ts";
import { stemsOf } from "./stems.ts";

/** What the words of a collection weigh. */
export interface WordWeights {
  /** Passages that were counted. */
  passages: number;
  /**
   * The inverse document frequency of a stem, as BM25 has it: log(1 + (N - n + 0.5) / (n + 0.5)) for a stem that is in
   * n of N passages. A word that no passage has weighs most.
   */
  weightOf(stem: string): number;
}

/** Counts in how many of these passages each word stands. */
export function wordWeightsOf(passages: Iterable<string>): WordWeights {
  const frequencies = new Map<string, number>();
  let count = 0;
  for (const passage of passages) {
    count++;
    for (const stem of stemsOf(passage)) frequencies.set(stem, (frequencies.get(stem) ?? 0) + 1);
  }
  return {
    passages: count,
    weightOf(stem) {
      const frequency = frequencies.get(stem) ?? 0;
      return Math.log(1 + (count - frequency + 0.5) / (frequency + 0.5));
    },
  };
}

/**
 * The same for all passages of a table, with their titles and headings. It reads every passage once: make it when
 * documents have come in, and use it for all questions.
 */
export async function wordWeights(
  table: PassageTable,
  { signal }: { signal?: AbortSignal } = {},
): Promise<WordWeights> {
  const rows: { searchText: string }[] = await table.lance.query().select(["searchText"]).toArray();
  signal?.throwIfAborted();
  return wordWeightsOf(rows.map(({ searchText }) => searchText));
}

/**
 * The share of the asked words that are present, from 0 to 1; 0 where no word is asked. Each counts by the square of its
 * weight, as in the cosine of tf-idf vectors: without its rarest word a question is another one.
 */
export function coverage(asked: Iterable<string>, present: ReadonlySet<string>, weights: WordWeights): number {
  let [total, found] = [0, 0];
  for (const stem of asked) {
    const weight = weights.weightOf(stem) ** 2;
    total += weight;
    if (present.has(stem)) found += weight;
  }
  return total > 0 ? found / total : 0;
}
