/**
 * The order of the rows of q and k. Hugging Face's rotary embedding pairs element i of a head with element i + headDim / 2;
 * llama.cpp's `llama` architecture, as Meta's own code, pairs neighbours. So row i of a head's first half becomes row 2 i,
 * and row i of its second half row 2 i + 1. The other architectures keep Hugging Face's order.
 */
import type { ModelConfig } from "../../models/mod.ts";

/** How many heads a weight's rows belong to where llama.cpp has them in its own order; 0 for all other weights. */
export function reorderedHeads({ family, heads, kvHeads }: ModelConfig, weight: string): number {
  if (family !== "llama") return 0;
  if (/\.self_attn\.q_proj\.(weight|bias)$/.test(weight)) return heads;
  return /\.self_attn\.k_proj\.(weight|bias)$/.test(weight) ? kvHeads : 0;
}

/**
 * Rows in llama.cpp's order.
 *
 * @param data Rows of all heads, [heads * headDim, columns]; a bias has one column.
 */
export function interleaveHeads(data: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return moved(data, heads, columns, (row, half) => row < half ? 2 * row : 2 * (row - half) + 1);
}

/** Rows in Hugging Face's order again. */
export function splitHeadHalves(data: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return moved(data, heads, columns, (row, half) => row % 2 * half + (row >> 1));
}

function moved(
  data: Float32Array,
  heads: number,
  columns: number,
  to: (row: number, half: number) => number,
): Float32Array<ArrayBuffer> {
  const headDim = data.length / heads / columns;
  const result = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headDim; row++) {
      const from = (head * headDim + row) * columns;
      result.set(data.subarray(from, from + columns), (head * headDim + to(row, headDim / 2)) * columns);
    }
  }
  return result;
}
