/** The golden run of 8-bit AdamW: what it starts from and is fed with; see tests/golden/make_adamw_8bit.py. */
import { goldenJson } from "./golden.ts";

export const adamw8bit = await goldenJson<{
  options: { learningRate: number; betas: [number, number]; eps: number; weightDecay: number };
  size: number;
  steps: number;
  zeroBlock: number;
  maps: { first: number[]; second: number[] };
}>("adamw_8bit/adamw_8bit.json");

/** From -0.5 to 0.5. */
function hashed(position: number, step: number): number {
  return ((position * 7919 + step * 104729 + (position * position) % 997) % 1009) / 1009 - 0.5;
}

/** The parameter before the first step. */
export function initialParameter(): Float32Array {
  return Float32Array.from({ length: adamw8bit.size }, (_, position) => hashed(position, 0));
}

/** The gradient of a step, counted from 1. */
export function gradientAt(step: number): Float32Array {
  return Float32Array.from({ length: adamw8bit.size }, (_, position) => {
    const block = Math.floor(position / 256);
    return block === adamw8bit.zeroBlock ? 0 : hashed(position, step) * 10 ** -(block % 6);
  });
}
