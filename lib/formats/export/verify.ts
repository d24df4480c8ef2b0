/** Reading an export back and comparing it with what it was made from. */
import { loadAdapter, modelWithTables } from "../../adapters/mod.ts";
import type { Engine } from "../../engine/mod.ts";
import { loadModel } from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { loadGguf } from "../gguf/mod.ts";
import { compareLogits, type LogitsDifference } from "./compare_logits.ts";
import { type FoundSource, isGguf } from "./find_source.ts";
import { textLogits } from "./logits.ts";
import { tokenizerDifferences } from "./probe_texts.ts";

/** What reading back needs. */
export interface ReadBackContext {
  engine: Engine;
  /** The text to compute logits of, as tokens. */
  ids: readonly number[];
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** What was read back. */
export interface ReadBack {
  /** [tokens, vocabulary] */
  logits: Float32Array;
  tokenizer: Tokenizer;
}

/** One thing of an export that is read back: a file, or the folder. */
export interface Verifiable {
  /** Its dtype, type or precision: `"Q4_K"`. */
  format: string;
  /** How far its logits may be from those of the source: see `BOUNDS`. */
  bound: number;
  /** @param folder Where the export is now. */
  readBack(folder: string, context: ReadBackContext): Promise<ReadBack>;
}

/** What came of it. */
export interface Verification extends LogitsDifference {
  format: string;
  /** What the relative error may be. */
  bound: number;
  /** What is wrong with it; empty where nothing is. */
  problems: readonly string[];
}

/** An export does not give what its source does. Nothing of it was kept. */
export class VerificationError extends Error {
  override name = "VerificationError";

  constructor(message: string, readonly verifications: readonly Verification[]) {
    super(message);
  }
}

/** Compares what was read back with its source. */
export function verificationOf(
  { format, bound }: Verifiable,
  reference: ReadBack & { vocabulary: number },
  found: ReadBack,
): Verification {
  const difference = compareLogits(reference.logits, found.logits, reference.vocabulary);
  const problems = tokenizerDifferences(reference.tokenizer, found.tokenizer);
  // Not a number is beyond every bound.
  if (!(difference.relativeError <= bound)) {
    problems.unshift(
      `its logits are ${
        difference.relativeError.toExponential(1)
      } from the source's, as a share of their norm: at most ` +
        `${bound} was expected`,
    );
  }
  return { ...difference, format, bound, problems };
}

/** The logits of a model with its adapter as Kiln computes them: not merged, weights in float32. */
export async function sourceLogits(
  { model: path, adapter: folder }: Pick<FoundSource, "model" | "adapter">,
  context: ReadBackContext,
): Promise<Float32Array> {
  const model = isGguf(path) ? (await loadGguf(path, context)).model : await loadModel(path, context);
  try {
    if (folder === undefined) return await textLogits(model, context.ids);
    const adapter = await loadAdapter(model, folder);
    const view = await modelWithTables(model, adapter);
    try {
      return await textLogits(view, context.ids, { adapter });
    } finally {
      await view.dispose();
      adapter.factors.forEach((factor) => factor.dispose());
    }
  } finally {
    await model.dispose();
  }
}
