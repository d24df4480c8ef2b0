/** Several corpora as one stream. */
import { Random } from "../../random/mod.ts";
import type { Corpus, CorpusOptions, GeneratedExample } from "./corpus.ts";

/** A corpus and how often it is taken. */
export interface MixturePart {
  corpus: Corpus;
  /** Shares need not sum to 1. */
  share: number;
}

/** An example with the name of its corpus. */
export interface MixedExample extends GeneratedExample {
  corpus: string;
}

/**
 * Number `index` of the mixed stream. Any one can be had without those before it.
 *
 * @throws {RangeError} when a share is negative, or all are 0
 */
export function mixedExampleAt(
  index: number,
  parts: readonly MixturePart[],
  options: CorpusOptions = {},
): MixedExample {
  for (const { corpus, share } of parts) {
    if (!(share >= 0 && Number.isFinite(share))) {
      throw new RangeError(`the share of ${corpus.name} is ${share}: expected a number from 0`);
    }
  }
  const { seed = 0, split = "train" } = options;
  const random = new Random(seed).fork("mixture").fork(split).fork(index);
  const { corpus } = parts[random.weightedIndex(parts.map(({ share }) => share))];
  return { ...corpus.exampleAt(index, options), corpus: corpus.name };
}
