/** Reads the golden numbers under tests/golden and compares with them. */
import assert from "node:assert/strict";
import { openSafetensors } from "../../lib/models/mod.ts";
import { recordError } from "./measured_error.ts";

/** The folder of the golden files. */
export const GOLDEN = new URL("../golden/", import.meta.url).pathname;

/** A golden JSON file. The caller says what it holds; tests fail loudly when it does not. */
export async function goldenJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(GOLDEN + path)) as T;
}

/** All tensors of a golden safetensors file as float32. */
export async function goldenTensors(path: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(GOLDEN + path);
  const tensors = new Map<string, Float32Array>();
  for (const name of file.names) tensors.set(name, await file.readF32(name));
  file.close();
  return tensors;
}

/** The norm of the difference over the norm of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length, "lengths differ");
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
}

/** Asserts that `actual` is `expected` within a relative error (1e-5 unless told). */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = 1e-5,
): void {
  const error = relativeError(actual, expected);
  recordError("close", what, error);
  assert.ok(error <= tolerance, `${what}: relative error ${error.toExponential(2)} is above ${tolerance}`);
}
