/** The house encoder's own tokenizer as an embedder that counts. */
import type { Embedder } from "../../../lib/retrieval/embed/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";

const tokenizer = await Tokenizer.load(new URL("../../../data/models/kiln-embed", import.meta.url).pathname);

/** What `chunkDocument` asks of an embedder; `counted` is how much text it was asked about. */
export interface CountingEmbedder extends Pick<Embedder, "countTokens" | "description"> {
  counted: { calls: number; characters: number };
}

/** @param maxTokens what it reads; the encoder itself reads 256 */
export function houseEmbedder(maxTokens = 256, passagePrefix = ""): CountingEmbedder {
  const counted = { calls: 0, characters: 0 };
  return {
    description: {
      name: "kiln-embed",
      revision: "test",
      dimensions: 256,
      maxTokens,
      pooling: "mean",
      normalized: true,
      queryPrefix: "",
      passagePrefix,
    },
    counted,
    countTokens(passage) {
      counted.calls++;
      counted.characters += passage.length;
      return tokenizer.encode(passagePrefix + passage, { addSpecialTokens: true }).length;
    },
  };
}
