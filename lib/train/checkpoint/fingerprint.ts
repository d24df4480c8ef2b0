/** What a run's curve depends on, so that it is not resumed as another one unnoticed. */
import { createHash, type Hash } from "node:crypto";
import type { LoraAdapter } from "../../adapters/mod.ts";
import { carriedFactors, type CausalLM } from "../../models/mod.ts";
import type { TokenizedExample } from "../batch.ts";

/** Options, and digests of what is too large to write down, by name. */
export type Fingerprint = Record<string, unknown>;

/** A short digest of JSON values or arrays of numbers. */
export function digest(values: Iterable<unknown>): string {
  const hash = createHash("sha256");
  for (const value of values) {
    if (ArrayBuffer.isView(value)) hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else hash.update(JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part) + "\n");
  }
  return shortened(hash);
}

/** A digest of tokenized rows in their order, which can be asked for at any row. */
export class ExamplesDigest {
  readonly #hash = createHash("sha256");

  add({ ids, lossMask }: TokenizedExample): void {
    this.#hash.update(new Uint8Array(Uint32Array.from(ids).buffer));
    this.#hash.update(Uint8Array.from(lossMask, Number));
  }

  /** Of the rows added so far. */
  get value(): string {
    return shortened(this.#hash.copy());
  }
}

/** A digest of tokenized rows, in their order. */
export function examplesDigest(examples: readonly TokenizedExample[]): string {
  const digest = new ExamplesDigest();
  for (const example of examples) digest.add(example);
  return digest.value;
}

function shortened(hash: Hash): string {
  return `sha256:${hash.digest("hex").slice(0, 32)}`;
}

/** One number in so many is hashed. */
const HASHED_STRIDE = 61;

/** What names the run itself: with another one nothing of a checkpoint fits. */
const STRUCTURE = /^(trainer|trained|model|baseWeights|optim)\b/;

/** What options that came to Kiln later were before, where that is not off. */
const BEFORE: Fingerprint = { optim: "adamw" };

/**
 * The parts that all trainers have in common: the model's shape, what is trained, and the weights that training leaves alone.
 *
 * @param options The options that decide the curve.
 * @param hasFrozenWeights Whether the given model's weights matter beyond their first values: an adapter corrects them,
 *   or they are a reference policy.
 */
export async function fingerprintOf(
  model: CausalLM,
  adapter: LoraAdapter | undefined,
  options: Readonly<Record<string, unknown>>,
  hasFrozenWeights: boolean,
): Promise<Fingerprint> {
  const { eosTokenIds: _, ...shape } = model.config;
  const trained = adapter
    ? {
      r: adapter.r,
      modules: [...adapter.modules],
      scaling: adapter.scaling,
      tables: carriedFactors(adapter).map(([name]) => name).join() || undefined,
      tokens: adapter.trainableTokenIndices,
    }
    : "all weights";
  const base = hasFrozenWeights ? { baseWeights: await weightsDigest(model) } : {};
  return flattened({ model: shape, trained, ...base, ...options });
}

async function weightsDigest(model: CausalLM): Promise<string> {
  const samples: Float32Array[] = [];
  for (const tensor of model.weights.values()) {
    const numbers = await model.engine.read(tensor) as Float32Array;
    const count = Math.ceil(numbers.length / HASHED_STRIDE);
    samples.push(Float32Array.from({ length: count }, (_, i) => numbers[i * HASHED_STRIDE]));
  }
  return digest(samples);
}

/** Nested values by their paths, as JSON has them: `model.hiddenSize`. */
function flattened(values: Readonly<Record<string, unknown>>, prefix = ""): Fingerprint {
  const flat: Fingerprint = {};
  for (const [name, value] of Object.entries(values)) {
    const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isRecord) Object.assign(flat, flattened(value as Record<string, unknown>, `${prefix}${name}.`));
    else if (value !== undefined) flat[prefix + name] = JSON.parse(JSON.stringify(value));
  }
  return flat;
}

/**
 * Checks that a run goes on as it began. An option that one of the two does not have counts as off, or as `BEFORE` says: it
 * came to Kiln later.
 *
 * @param folder The checkpoint, for the message.
 * @param allowChanges Take other options, but for the model, what is trained and the optimizer.
 * @returns A line for each difference that is allowed.
 * @throws Naming each option that differs, with both values.
 */
export function compareFingerprints(
  folder: string,
  saved: Fingerprint,
  current: Fingerprint,
  allowChanges: boolean,
): string[] {
  const text = (value: unknown) =>
    [undefined, null, false, 0, ""].includes(value as null) ? "off" : JSON.stringify(value);
  const [was, is] = [{ ...BEFORE, ...saved }, { ...BEFORE, ...current }];
  const differing = [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => text(was[name]) !== text(is[name]));
  const lines = differing.map((name) => `${name} was ${text(was[name])} and is ${text(is[name])}`);
  if (differing.length === 0 || (allowChanges && !differing.some((name) => STRUCTURE.test(name)))) return lines;
  const remedy = differing.some((name) => STRUCTURE.test(name))
    ? "Resume with what it was made with"
    : "Resume with the same options, set resumeWithChanges to go on with these";
  throw new Error(
    `${folder} belongs to another run: ${lines.join("; ")}. ${remedy}, or begin anew in another outputDir`,
  );
}
