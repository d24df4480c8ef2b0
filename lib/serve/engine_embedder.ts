/** The text encoder of an engine, for searching. */
import type { EmbedCallOptions, Embedder } from "../retrieval/embed/mod.ts";
import type { Engine } from "./engine/mod.ts";

/** Texts of one request to the engine. */
const BATCH = 64;

/**
 * An embedder that computes in the engine's worker, between the tokens of others, so that searching holds up nobody.
 *
 * @param same The same encoder in this thread: it counts tokens and tells what it is, and computes nothing. Both it and the engine
 *   stay the caller's.
 */
export function engineEmbedder(engine: Engine, same: Embedder): Embedder {
  const embed = async (
    texts: readonly string[],
    kind: "query" | "passage",
    { signal, onProgress, batchSize = BATCH }: EmbedCallOptions,
  ) => {
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += batchSize) {
      const some = await engine.embed(texts.slice(from, from + batchSize), { kind, signal });
      vectors.push(...some.vectors);
      onProgress?.(vectors.length, texts.length);
    }
    return vectors;
  };
  return {
    description: same.description,
    countTokens: (passage) => same.countTokens(passage),
    embedPassages: (passages, options = {}) => embed(passages, "passage", options),
    embedQueries: (queries, options = {}) => embed(queries, "query", options),
    dispose: () => Promise.resolve(),
  };
}
