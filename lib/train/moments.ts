/** How a parameter's running means of its gradient and of the gradient's square are kept. */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import { sizeOf } from "../graph/mod.ts";
import { BLOCK_8BIT, blocksOf, zeroCode } from "../kernels/mod.ts";
import type { Optim } from "./optimizer_options.ts";

/** The tensors of one parameter by their names in the update's programs: `firstMoment` and `secondMoment`, or codes and scales, or `momentum`. */
export type Moments = Readonly<Record<string, DeviceTensor>>;

/** One of these tensors. */
export interface MomentTensor {
  dtype: "float32" | "uint8";
  shape: readonly number[];
  /** What it is full of before the first step. */
  initial: number;
}

/** Smaller tensors, norms and biases above all, would win little memory: bitsandbytes' `min_8bit_size`. */
const SMALLEST_8BIT = 4096;

/** How a parameter is updated and its moments are kept. */
export function formatOf(optim: Optim, name: string, shape: readonly number[]): Optim {
  // A table's rows are no directions of one space: Muon's authors leave embeddings and heads to AdamW.
  if (optim === "muon") return shape.length === 2 && name.includes("layers.") ? "muon" : "adamw";
  return sizeOf(shape) < SMALLEST_8BIT ? "adamw" : optim;
}

/** The tensors that hold the moments of a parameter, or of a part of one, in a format. */
export function momentTensors(format: Optim, shape: readonly number[]): Record<string, MomentTensor> {
  if (format === "adamw") {
    const moment = { dtype: "float32", shape, initial: 0 } as const;
    return { firstMoment: moment, secondMoment: moment };
  }
  if (format === "muon") return { momentum: { dtype: "float32", shape, initial: 0 } };
  const blocks = blocksOf(shape);
  const codes = (signed: boolean) =>
    ({ dtype: "uint8", shape: [blocks, BLOCK_8BIT], initial: zeroCode(signed) }) as const;
  const absmax = { dtype: "float32", shape: [blocks, 1], initial: 0 } as const;
  return { firstCodes: codes(true), firstAbsmax: absmax, secondCodes: codes(false), secondAbsmax: absmax };
}

/** Moments of a parameter that had no gradient yet. */
export async function zeroMoments(engine: Engine, format: Optim, shape: readonly number[]): Promise<Moments> {
  const moments: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of Object.entries(momentTensors(format, shape))) {
    const numbers = tensor.dtype === "uint8"
      ? new Uint8Array(sizeOf(tensor.shape))
      : new Float32Array(sizeOf(tensor.shape));
    moments[name] = await engine.store(numbers.fill(tensor.initial), tensor.shape);
  }
  return moments;
}
