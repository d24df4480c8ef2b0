/** What sentences are judged by in tests: vectors of words, and weights of the passages at hand. */
import type { SentenceJudge } from "../../../lib/retrieval/answer/mod.ts";
import { embeddedText } from "../../../lib/retrieval/chunk/mod.ts";
import { type SearchResult, wordWeightsOf } from "../../../lib/retrieval/search/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";

/** Weights of these passages among some about other things, so that their words tell something. */
export function judgeOf(results: readonly SearchResult[]): SentenceJudge {
  const others = [
    "Rain falls on the hills.",
    "The train is late.",
    "A cat sleeps in the sun.",
    "Bread is baked at night.",
  ];
  return {
    embedder: new HashingEmbedder(),
    weights: wordWeightsOf([...results.map(({ chunk }) => embeddedText(chunk)), ...others]),
  };
}
