/** A small random encoder for tests. */
import { createEngine } from "../../../lib/engine/mod.ts";
import { createEncoder, type SentenceEncoder, type SentenceSettings } from "../../../lib/models/encoder/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

/** Runs a test with it; its tokenizer adds nothing around a text. */
export async function withSmallEncoder(
  run: (encoder: SentenceEncoder) => Promise<void>,
  settings: Partial<SentenceSettings> = {},
): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  const tokenizer = tinyTokenizer();
  const encoder = await createEncoder({
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 16,
    intermediateSize: 32,
    layers: 2,
    heads: 2,
    maxPositions: 24,
    tokenTypes: 2,
    layerNormEps: 1e-12,
    padTokenId: 0,
  }, { engine, tokenizer, settings, random: new Random("small encoder") });
  try {
    await run(encoder);
  } finally {
    await encoder.dispose();
    await engine.dispose();
  }
}
