/** A pair of neighbouring tokens that may be merged, in some of the words. */
export interface PairCandidate {
  /** The pair as one number, see `pairKey`. */
  key: number;
  /** How often it stood in the corpus when it was put here. */
  count: number;
  /** Indices of the words that may hold it. */
  words: number[];
}

/** A binary heap whose top is the most frequent pair; of equally frequent ones that with the smallest ids. */
export class PairHeap {
  readonly #items: PairCandidate[] = [];

  push(item: PairCandidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesFirst(item, items[parent])) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop(): PairCandidate | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && comesFirst(items[child + 1], items[child])) child++;
      if (!comesFirst(items[child], last)) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return top;
  }
}

function comesFirst(a: PairCandidate, b: PairCandidate): boolean {
  return a.count !== b.count ? a.count > b.count : a.key < b.key;
}
