/** A forward pass as its backward finds it, and who frees what of both. */
import type { DeviceTensor } from "../engine/mod.ts";
import type { AdapterWeights } from "./adapter_weights.ts";
import { gradientName, type Trainable } from "./block_programs.ts";
import type { TokenBatch } from "./token_batch.ts";

/** How to run a forward pass. */
export interface ForwardOptions {
  /** The adapter to apply; null or absent: the base model alone. */
  adapter?: AdapterWeights | null;
  /** What to keep for a backward pass. Default `"nothing"`. */
  keep?: "nothing" | "inputs" | "residuals";
  /** With `keep: "residuals"`: only the last so many layers; of the others their inputs. Default: all layers. */
  residualLayers?: number;
  /** What the backward will compute gradients for; needed with `keep`. */
  trainable?: Trainable;
  /**
   * Numbers [batch, tokens, hidden] that are added to the embeddings (NEFTune, arXiv:2310.05914). The gradient by the
   * embeddings passes through unchanged. Default: none.
   */
  embeddingNoise?: Float32Array | null;
}

/** How to run forward and backward in one go. */
export interface TrainingPassOptions extends Omit<ForwardOptions, "keep"> {
  /**
   * Of how many of the last layers to keep residuals, as `planMemory` chooses; the others are recomputed. Default 0:
   * the least memory.
   */
  residualLayers?: number;
}

/** A forward pass: the last hidden state, and what its backward needs. */
export interface ForwardPass {
  /** [batch, tokens, hidden], before the final norm. */
  hidden: DeviceTensor;
  batch: TokenBatch;
  options: Required<Omit<ForwardOptions, "embeddingNoise">>;
  /** This batch's feeds that all layers share; let go with the backward, or at once when nothing is kept. */
  shared: Record<string, DeviceTensor>;
  /** What was kept of each layer that was run, by the names that its backward program takes. */
  kept: Record<string, DeviceTensor>[];
}

/**
 * Called with each gradient as soon as it is known; the receiver owns the tensor, also when it throws, which ends the
 * backward pass.
 */
export type GradientSink = (name: string, gradient: DeviceTensor) => void | Promise<void>;

/** Frees tensors; freeing one twice does nothing. */
export function disposeAll(tensors: Readonly<Record<string, DeviceTensor | null>>): void {
  for (const tensor of Object.values(tensors)) tensor?.dispose();
}

/** Frees all that a pass holds. */
export function disposePass({ hidden, shared, kept }: Pick<ForwardPass, "hidden" | "shared" | "kept">): void {
  hidden.dispose();
  disposeAll(shared);
  kept.forEach(disposeAll);
}

/** The gradients among a program's outputs, by `prefix` and the names that the program knows the weights by. */
export function gradientsOf(
  outputs: Readonly<Record<string, DeviceTensor>>,
  prefix = "",
): Record<string, DeviceTensor> {
  const start = gradientName("");
  const found = Object.entries(outputs).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(found.map(([name, gradient]) => [prefix + name.slice(start.length), gradient]));
}

/** Gives gradients to the sink, one after the other. Those that it has not seen when it throws are freed. */
export async function giveGradients(
  gradients: Readonly<Record<string, DeviceTensor>>,
  sink: GradientSink,
): Promise<void> {
  const waiting = Object.entries(gradients);
  try {
    for (let next; (next = waiting.shift());) await sink(...next);
  } finally {
    for (const [, gradient] of waiting) gradient.dispose();
  }
}
