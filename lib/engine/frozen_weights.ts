/**
 * Weights that become part of a program. Where each run copies its feeds to the device, that saves copying the whole base
 * model at each pass.
 */
import type { DeviceTensor, Engine } from "./engine.ts";
import type { Initializer, Tensor } from "../graph/mod.ts";

/** What an ONNX file may hold, less room for all that is not weights. */
export const MOST_FROZEN_BYTES = 2 ** 31 - 2 ** 24;

/** A program's frozen weights, as `Engine.compile` takes them. */
export interface FrozenWeights {
  initializers: Record<string, Initializer>;
  /** False where weights are in less than float32, which a runtime would widen. */
  foldConstants: boolean;
}

/**
 * The weights that a program reads, as many as one ONNX file holds: the largest first. The others remain inputs.
 *
 * @param outputs What the program computes.
 * @param weights Tensors by the names that the program knows them under, more of them perhaps than it reads.
 * @param limitBytes Most bytes of all of them.
 */
export async function frozenWeights(
  engine: Engine,
  outputs: Readonly<Record<string, Tensor>>,
  weights: Readonly<Record<string, DeviceTensor>>,
  limitBytes = MOST_FROZEN_BYTES,
): Promise<FrozenWeights> {
  const { inputs } = Object.values(outputs)[0].graph;
  const read = inputs.filter(({ name }) => name in weights).map(({ name }) => ({ name, tensor: weights[name] }));
  read.sort((a, b) => b.tensor.byteLength - a.tensor.byteLength);
  const frozen: FrozenWeights = { initializers: {}, foldConstants: true };
  let left = limitBytes;
  for (const { name, tensor } of read) {
    if (tensor.byteLength > left) continue;
    left -= tensor.byteLength;
    frozen.initializers[name] = { data: await engine.read(tensor) as Initializer["data"], shape: tensor.shape };
    if (tensor.dtype !== "float32") frozen.foldConstants = false;
  }
  return frozen;
}
