/** What a run's curve depends on, so that it is not resumed as another one unnoticed. */
import { createHash } from "node:crypto";
import type { LoraAdapter } from "../../adapters/mod.ts";
import type { CausalLM } from "../../models/mod.ts";
import type { TokenizedExample } from "../batch.ts";

/** Options, and digests of what is too large to write down, by name. */
export type Fingerprint = Record<string, unknown>;

/** A short digest of JSON values or arrays of numbers. */
export function digest(values: Iterable<unknown>): string {
  const hash = createHash("sha256");
  for (const value of values) {
    if (ArrayBuffer.isView(value)) hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else hash.update(JSON.stringify(value) + "\n");
  }
  return `sha256:${hash.digest("hex").slice(0, 32)}`;
}

/** A digest of tokenized rows, in their order. */
export function examplesDigest(examples: readonly TokenizedExample[]): string {
  function* parts() {
    for (const { ids, lossMask } of examples) {
      yield Uint32Array.from(ids);
      yield Uint8Array.from(lossMask, Number);
    }
  }
  return digest(parts());
}

/** Weights larger than this are left out of the digest: on a GPU each has to be copied back. */
const MOST_HASHED = 1 << 20;

/** One number in so many is hashed. */
const HASHED_STRIDE = 61;

/**
 * The parts that all trainers have in common: the model's shape, what is trained, and, where an adapter is, the frozen
 * weights it corrects.
 *
 * @param options The options that decide the curve, with their defaults filled in.
 */
export async function fingerprintOf(
  model: CausalLM,
  adapter: LoraAdapter | undefined,
  options: Readonly<Record<string, unknown>>,
): Promise<Fingerprint> {
  const { eosTokenIds: _, ...shape } = model.config;
  const trained = adapter ? { r: adapter.r, modules: [...adapter.modules], scaling: adapter.scaling } : "all weights";
  const base = adapter ? { baseWeights: await weightsDigest(model) } : {};
  // Through JSON, so that what is read back compares equal.
  return JSON.parse(JSON.stringify({ model: shape, trained, ...base, ...options }));
}

async function weightsDigest(model: CausalLM): Promise<string> {
  const samples: Float32Array[] = [];
  for (const tensor of model.weights.values()) {
    if (tensor.byteLength > 4 * MOST_HASHED) continue;
    const numbers = await model.engine.read(tensor) as Float32Array;
    samples.push(
      Float32Array.from({ length: Math.ceil(numbers.length / HASHED_STRIDE) }, (_, i) => numbers[i * HASHED_STRIDE]),
    );
  }
  return digest(samples);
}

/**
 * Checks that a run goes on as it began.
 *
 * @param folder The checkpoint, for the message.
 * @throws Naming each option that differs, with both values.
 */
export function compareFingerprints(folder: string, saved: Fingerprint, current: Fingerprint): void {
  const show = (value: unknown) => value === undefined ? "nothing" : JSON.stringify(value);
  const names = new Set([...Object.keys(saved), ...Object.keys(current)]);
  const differences = [...names]
    .filter((name) => JSON.stringify(saved[name]) !== JSON.stringify(current[name]))
    .map((name) => `${name} was ${show(saved[name])} and is ${show(current[name])}`);
  if (differences.length === 0) return;
  throw new Error(
    `${folder} belongs to another run: ${
      differences.join("; ")
    }. Resume with what it was made with, or begin anew in ` +
      "another outputDir",
  );
}
