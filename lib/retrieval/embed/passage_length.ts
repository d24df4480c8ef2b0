/** What happens to passages that are longer than their embedder reads. */
import type { EmbedderDescription } from "./embedder.ts";

/**
 * Refuses passages that would have to be cut.
 *
 * @param lengths Tokens of each passage, with prefix and special tokens.
 * @throws {RangeError} Naming the first passage that is too long.
 */
export function refuseLongPassages(
  passages: readonly string[],
  lengths: readonly number[],
  { name, maxTokens }: Pick<EmbedderDescription, "name" | "maxTokens">,
): void {
  const long = lengths.findIndex((length) => length > maxTokens);
  if (long < 0) return;
  const start = passages[long].trim().slice(0, 60);
  throw new RangeError(
    `passage ${long} (${JSON.stringify(start)}...) has ${
      lengths[long]
    } tokens, and ${name} reads at most ${maxTokens}. ` +
      "Nothing of a passage is dropped in silence: cut documents with chunkDocument, which counts by the embedder's tokens.",
  );
}
