/**
 * AdamW whose moments are kept as 8-bit codes (Dettmers et al. 2021, arXiv:2110.02861): 2.03 bytes a number for both instead
 * of 8. Each step turns them into float32, updates as adamw.ts does, and rounds them to codes again; the parameter's own update
 * sees the moments before they are rounded.
 */
import { concat, Graph, reshape, sizeOf, split, type Tensor } from "../graph/mod.ts";
import { type AdamWOptions, adamwUpdate } from "./adamw.ts";
import { BLOCK_8BIT, dequantizeBlockwise, quantizeBlockwise } from "./blockwise_8bit.ts";

/** How many blocks hold a tensor's numbers; what the last one lacks is filled with zeros. */
export function blocksOf(shape: readonly number[]): number {
  return Math.ceil(sizeOf(shape) / BLOCK_8BIT);
}

/**
 * The update of one tensor: inputs `parameter` and `gradient` of the given shape, `firstCodes` and `secondCodes` (uint8
 * [blocks, 256]), `firstAbsmax` and `secondAbsmax` ([blocks, 1]), and the rank-0 inputs `ADAMW_STEP_INPUTS`; outputs the new
 * parameter, codes and scales under the same names. The first moment's codes are signed.
 */
export function adamw8bitGraph(options: AdamWOptions, shape: readonly number[]): Record<string, Tensor> {
  const graph = new Graph();
  const [size, blocks] = [sizeOf(shape), blocksOf(shape)];
  const padding = blocks * BLOCK_8BIT - size;
  const asBlocks = (x: Tensor) => {
    const numbers = reshape(x, [size]);
    const zeros = () => graph.constant(new Float32Array(padding), [padding]);
    return reshape(padding === 0 ? numbers : concat([numbers, zeros()], 0), [blocks, BLOCK_8BIT]);
  };
  const asGiven = (x: Tensor) => {
    const numbers = reshape(x, [size + padding]);
    return reshape(padding === 0 ? numbers : split(numbers, 0, [size, padding])[0], shape);
  };
  const moment = (name: string, signed: boolean) => {
    const codes = graph.input(`${name}Codes`, [blocks, BLOCK_8BIT], "uint8");
    return dequantizeBlockwise({ codes, absmax: graph.input(`${name}Absmax`, [blocks, 1]) }, signed);
  };
  const updated = adamwUpdate(options, {
    parameter: asBlocks(graph.input("parameter", shape)),
    gradient: asBlocks(graph.input("gradient", shape)),
    firstMoment: moment("first", true),
    secondMoment: moment("second", false),
  });
  const first = quantizeBlockwise(updated.firstMoment, true);
  const second = quantizeBlockwise(updated.secondMoment, false);
  return {
    parameter: asGiven(updated.parameter),
    firstCodes: first.codes,
    firstAbsmax: first.absmax,
    secondCodes: second.codes,
    secondAbsmax: second.absmax,
  };
}
