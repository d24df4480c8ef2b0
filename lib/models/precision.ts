/**
 * In what form a model holds its weights: float32, or for frozen ones float16, 8 bits or 4 bits.
 *
 * |            | linear layers of blocks | token table and vocabulary head | norms, biases |
 * | ---------- | ----------------------- | ------------------------------- | ------------- |
 * | `float16`  | float16                 | float16                         | float32       |
 * | `8bit`     | 8 bits, blocks of 32    | 8 bits, symmetric               | float32       |
 * | `4bit`     | 4 bits, blocks of 32    | 8 bits, symmetric               | float32       |
 *
 * A number takes 2 bytes, 1.125 or 0.625 (4 bits and its share of a float32 scale). The table and the head keep 8 bits in a
 * 4-bit model: they are what quantizing hurts most and what all GPUs can still read. A matrix whose rows are not whole
 * blocks of 32 numbers stays float32. Low-rank factors, activations, gradients and optimizer states are float32 always.
 */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import { type Bits, BLOCK, BYTES, type DType, type Graph, quantizedShapes, sizeOf } from "../graph/mod.ts";
import { quantize, type QuantizedData, readQuantized, type Weight } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { narrowToFloat16, widenFloat16 } from "./safetensors.ts";

/** The form of most weights. */
export type WeightPrecision = "float32" | "float16" | "8bit" | "4bit";

/** How to hold a model's weights. */
export interface PrecisionOptions {
  /** Default `"float32"`, the only one whose weights can be trained; the others take an adapter. */
  weights?: WeightPrecision;
  /** 8 and 4 bits: without zero points (default true). With them blocks are fitted a little better, for 0.02 bytes more. */
  symmetric?: boolean;
  /**
   * `"float16"`: products with float16 weights are computed in float16 too, scaled row by row, which GPUs do faster and CPUs
   * slower. Default `"float32"`.
   */
  compute?: "float32" | "float16";
}

/** All of them. */
export interface Precision extends Readonly<Required<PrecisionOptions>> {
  /** Whether the token table and the head are float32 all the same. */
  readonly fullTables?: boolean;
}

/** What models have unless told otherwise. */
export const FULL_PRECISION: Precision = { weights: "float32", symmetric: true, compute: "float32" };

const WEIGHTS: readonly unknown[] = ["float32", "float16", "8bit", "4bit"] satisfies WeightPrecision[];

/**
 * Fills in defaults.
 *
 * @throws {RangeError} naming the option that means nothing
 */
export function resolvePrecision(precision: WeightPrecision | PrecisionOptions = {}): Precision {
  const given = typeof precision === "string" ? { weights: precision } : precision;
  const { weights = "float32", symmetric = true, compute = "float32" } = given;
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new RangeError(`precision${name}: expected ${expected}, got ${JSON.stringify(got)}`);
  };
  const unknown = Object.keys(given).find((name) => !(name in FULL_PRECISION));
  if (unknown !== undefined) fail("", `${Object.keys(FULL_PRECISION).join(", ")} and nothing else`, unknown);
  if (!WEIGHTS.includes(weights)) fail("", `one of ${WEIGHTS.join(", ")}`, weights);
  if (typeof symmetric !== "boolean") fail(".symmetric", "true or false", symmetric);
  if (compute !== "float32" && compute !== "float16") fail(".compute", `"float32" or "float16"`, compute);
  if (compute === "float16" && weights !== "float16") {
    fail(".compute", `"float32" where weights are ${weights}`, compute);
  }
  return { weights, symmetric, compute };
}

/**
 * The form in which the CPU decodes fastest where weights may take a program's memory besides: products of 4 bits have a
 * kernel there, the others would be widened at each step, so they are once.
 */
export function frozenPrecision({ weights, symmetric, compute, fullTables }: Precision): Precision {
  if (weights === "4bit") return { weights, symmetric, compute, fullTables: true };
  return compute === "float16" ? { weights, symmetric, compute, ...(fullTables && { fullTables }) } : FULL_PRECISION;
}

/** The form of one weight. */
export type WeightForm =
  | { kind: "float32" }
  | { kind: "float16"; compute: Precision["compute"] }
  | { kind: "blocks"; bits: Bits; symmetric: boolean };

const FLOAT32: WeightForm = { kind: "float32" };

/**
 * The form of a weight by its name in the checkpoint or inside a block.
 *
 * @param shape [out, in] of a matrix; anything else stays float32.
 */
export function weightForm(
  name: string,
  shape: readonly number[],
  { precision = FULL_PRECISION }: Pick<ModelConfig, "precision">,
): WeightForm {
  const { weights, symmetric, compute, fullTables = false } = precision;
  const isTable = name === "model.embed_tokens.weight" || name === "lm_head.weight";
  if (isTable && fullTables) return FLOAT32;
  if (shape.length !== 2 || weights === "float32") return FLOAT32;
  if (weights === "float16") return { kind: "float16", compute };
  if (shape[1] % BLOCK !== 0) return FLOAT32;
  if (isTable) return { kind: "blocks", bits: 8, symmetric: true };
  return { kind: "blocks", bits: weights === "8bit" ? 8 : 4, symmetric };
}

/** One tensor of what a weight is stored as. */
export interface WeightPart {
  dtype: DType;
  shape: number[];
}

/** The tensors that a weight is stored as: itself under its name, and scales and zero points beside it. */
export function weightParts(name: string, shape: readonly number[], form: WeightForm): Record<string, WeightPart> {
  if (form.kind !== "blocks") return { [name]: { dtype: form.kind, shape: [...shape] } };
  const { codes, scales, zeroPoints } = quantizedShapes(form.bits, shape[0], shape[1]);
  const parts: Record<string, WeightPart> = {
    [name]: { dtype: "uint8", shape: codes },
    [`${name}.scales`]: { dtype: "float32", shape: scales },
  };
  if (!form.symmetric) parts[`${name}.zeroPoints`] = { dtype: "uint8", shape: zeroPoints };
  return parts;
}

/** Bytes that a weight takes in its form. */
export function weightBytes(name: string, shape: readonly number[], form: WeightForm): number {
  const parts = Object.values(weightParts(name, shape, form));
  return parts.reduce((sum, { dtype, shape }) => sum + BYTES[dtype] * sizeOf(shape), 0);
}

/** Declares a weight as inputs of a graph, by the names of its parts. */
export function declareWeight(graph: Graph, name: string, shape: readonly number[], form: WeightForm): Weight {
  const [values, scales, zeroPoints = null] = Object.entries(weightParts(name, shape, form))
    .map(([part, { dtype, shape }]) => graph.input(part, shape, dtype));
  if (form.kind === "float32") return values;
  if (form.kind === "float16") return { float16: values, compute: form.compute };
  return { bits: form.bits, codes: values, scales, zeroPoints };
}

/** The tensors of a weight, by the names that programs know them under: `as` and what follows it. */
export function weightFeeds(
  weights: ReadonlyMap<string, DeviceTensor>,
  name: string,
  as: string = name,
): Record<string, DeviceTensor> {
  const feeds: Record<string, DeviceTensor> = {};
  for (const part of ["", ".scales", ".zeroPoints"]) {
    const tensor = weights.get(name + part);
    if (tensor) feeds[as + part] = tensor;
  }
  if (!feeds[as]) throw new Error(`the model has no weight "${name}"`);
  return feeds;
}

/**
 * Converts a weight to its form and puts its parts on the device, into `weights` by their names. The numbers given may
 * become a tensor's own.
 *
 * @throws When a number is not finite, or float16 cannot hold it; the message names the weight.
 */
export async function storeWeight(
  engine: Engine,
  weights: Map<string, DeviceTensor>,
  name: string,
  shape: readonly number[],
  numbers: Float32Array,
  form: WeightForm,
): Promise<void> {
  const data = encodeWeight(name, shape, numbers, form);
  for (const [part, { dtype, shape: ofPart }] of Object.entries(weightParts(name, shape, form))) {
    weights.set(part, await engine.store(data[part], ofPart, dtype));
  }
}

/**
 * Converts a weight to its form: the numbers of its parts, by the names that `weightParts` gives them. In float32 they are
 * the numbers given.
 *
 * @throws When a number is not finite, or float16 cannot hold it; the message names the weight.
 */
export function encodeWeight(
  name: string,
  shape: readonly number[],
  numbers: Float32Array,
  form: WeightForm,
): Record<string, Float32Array | Uint16Array | Uint8Array> {
  let data: (Float32Array | Uint16Array | Uint8Array | null)[];
  try {
    if (form.kind === "blocks") data = Object.values(quantize(numbers, shape, form));
    else data = [form.kind === "float16" ? toFloat16(numbers) : numbers];
  } catch (error) {
    throw new Error(`weight "${name}": ${(error as Error).message}`);
  }
  return Object.fromEntries(
    Object.keys(weightParts(name, shape, form)).map((part, position) => [part, data[position]!]),
  );
}

function toFloat16(numbers: Float32Array): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  narrowToFloat16(numbers, halves);
  const broken = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (broken >= 0) throw new Error(`float16 cannot hold ${numbers[broken]}: expected numbers below 65520`);
  return halves;
}

/** A weight's numbers in float32, whatever form it is held in. In shared memory float32 weights are not copied. */
export async function readWeight(
  engine: Engine,
  weights: ReadonlyMap<string, DeviceTensor>,
  name: string,
  shape: readonly number[],
  form: WeightForm,
): Promise<Float32Array> {
  const parts = await Promise.all(Object.values(weightFeeds(weights, name)).map((part) => engine.read(part)));
  if (form.kind === "float32") return parts[0] as Float32Array;
  if (form.kind === "float16") {
    const numbers = new Float32Array(parts[0].length);
    widenFloat16(parts[0] as Uint16Array, new Uint32Array(numbers.buffer));
    return numbers;
  }
  const [codes, scales, zeroPoints = null] = parts;
  return readQuantized({ codes, scales, zeroPoints } as QuantizedData, shape, form);
}

/** Throws where an engine cannot hold weights in that form. */
export function checkPrecision({ weights }: Precision, engine: Engine): void {
  if (weights !== "float16" || engine.supportsFloat16) return;
  throw new Error(
    `precision "float16": ${engine.description} has no float16 (on WebGPU, the feature shader-f16). Use "8bit" or "4bit", ` +
      "which every device computes, or float32",
  );
}
