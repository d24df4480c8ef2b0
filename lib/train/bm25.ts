/** Okapi BM25 (Robertson & Zaragoza 2009), the ranking by words that every retriever is compared with. */

const K1 = 1.2;
const B = 0.75;

/** Words in lower case. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Makes the function that scores all passages for a query. */
export function bm25(passages: readonly string[]): (query: string) => Float64Array {
  const counts = passages.map((passage) => Map.groupBy(wordsOf(passage), (word) => word));
  const lengths = counts.map((words) => [...words.values()].reduce((sum, list) => sum + list.length, 0));
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  const holders = new Map<string, number[]>();
  counts.forEach((words, at) => {
    for (const word of words.keys()) holders.has(word) ? holders.get(word)!.push(at) : holders.set(word, [at]);
  });
  return (query) => {
    const scores = new Float64Array(passages.length);
    for (const word of new Set(wordsOf(query))) {
      const having = holders.get(word) ?? [];
      const rarity = Math.log(1 + (passages.length - having.length + 0.5) / (having.length + 0.5));
      for (const at of having) {
        const count = counts[at].get(word)!.length;
        scores[at] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * lengths[at] / meanLength));
      }
    }
    return scores;
  };
}
