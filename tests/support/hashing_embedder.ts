import type { Embedder, EmbedderDescription } from "../../lib/retrieval/embed/mod.ts";

/** Words in lower case. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** A number from 0 to 2^32 - 1 for a word, by FNV-1a. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (const unit of word) hash = Math.imul(hash ^ unit.codePointAt(0)!, 0x01000193) >>> 0;
  // FNV's low bits follow the last letter; this mixes all of them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** An embedder without a model: each word is a direction, so texts with the same words are near. Fast, and the same everywhere. */
export class HashingEmbedder implements Embedder {
  readonly description: EmbedderDescription;
  /** Passages embedded so far, for tests that count. */
  embedded = 0;

  constructor(description: Partial<EmbedderDescription> = {}) {
    this.description = {
      name: "hashing",
      revision: "1",
      dimensions: 32,
      maxTokens: 64,
      pooling: "mean",
      normalized: true,
      queryPrefix: "",
      passagePrefix: "",
      ...description,
    };
  }

  countTokens(passage: string): number {
    return wordsOf(passage).length + 2;
  }

  embedPassages(
    passages: readonly string[],
    options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
  ): Promise<Float32Array[]> {
    options.signal?.throwIfAborted();
    const long = passages.find((passage) => this.countTokens(passage) > this.description.maxTokens);
    if (long !== undefined) return Promise.reject(new RangeError(`a passage is too long: ${long.slice(0, 40)}`));
    this.embedded += passages.length;
    options.onProgress?.(passages.length, passages.length);
    return Promise.resolve(passages.map((passage) => this.vector(passage)));
  }

  embedQueries(queries: readonly string[]): Promise<Float32Array[]> {
    return Promise.resolve(queries.map((query) => this.vector(query)));
  }

  /** The vector of a text, of length 1. */
  vector(text: string): Float32Array {
    const { dimensions } = this.description;
    const sums = new Float64Array(dimensions);
    for (const word of wordsOf(text)) {
      const hash = hashOf(word);
      sums[hash % dimensions] += hash & 0x10000 ? 1 : -1;
      sums[(hash >>> 17) % dimensions] += 0.5;
    }
    if (sums.every((sum) => sum === 0)) sums[0] = 1;
    const length = Math.hypot(...sums);
    return Float32Array.from(sums, (sum) => sum / length);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
