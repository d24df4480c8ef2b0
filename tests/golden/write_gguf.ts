/**
 * Writes GGUF files with every kind of metadata and tensor, and one with many weights in every type; beside each what a
 * reader must find in it as JSON. For `make_gguf.py check`: `deno run -A tests/golden/write_gguf.ts FOLDER`.
 */
import { elementCount, type GgufTensorType, writableTypes } from "../../lib/formats/gguf/format.ts";
import { type GgufValue, text, u32 } from "../../lib/formats/gguf/metadata_values.ts";
import { openGguf } from "../../lib/formats/gguf/read.ts";
import { writeGguf } from "../../lib/formats/gguf/write.ts";
import { Random } from "../../lib/random/mod.ts";
import { goldenMetadata } from "../formats/gguf/golden_content.ts";

/** Weights of every kind, [rows, 1024] each, from a normal number, a uniform one and the column. */
const kinds: Record<string, (normal: number, uniform: number, column: number) => number> = {
  normal: (normal) => normal * 0.02,
  heavyTailed: (normal, uniform) => normal * 0.01 / Math.max(uniform, 1e-4),
  positive: (_, uniform) => uniform,
  negative: (_, uniform) => -uniform,
  offset: (_, uniform) => 1 + uniform * 0.01,
  sparse: (normal, uniform) => uniform < 0.05 ? normal : 0,
  signs: (_, uniform) => uniform < 0.5 ? -0.037 : 0.037,
  onAGrid: (normal) => Math.round(normal * 7) / 7,
  onAFineGrid: (normal) => Math.round(normal * 31) / 31,
  mixedScales: (normal, _, column) => normal * 10 ** (Math.floor(column / 16) * 7 % 9 - 6),
  tiny: (normal) => normal * 1e-20,
  small: (normal) => normal * 1e-6,
  large: (normal) => normal * 5000,
  logNormal: (normal) => Math.exp(normal * 2),
};
const rows = 300, columns = 1024;

/** JSON has neither bigints nor typed arrays. */
function toJson(value: GgufValue): unknown {
  if (value.type === "array") return Array.from<unknown>(value.values);
  return typeof value.value === "bigint" ? { bigint: String(value.value) } : value.value;
}

async function sha256(values: Float32Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", values)).toHex();
}

interface Weights {
  name: string;
  shape: readonly number[];
  data: () => Float32Array;
}

/** Writes each of the weights in every type, as `{type}.{name}`, and what is read of them. */
async function write(path: string, metadata: Record<string, GgufValue>, all: readonly Weights[]): Promise<void> {
  const tensors = writableTypes.flatMap((type: GgufTensorType) =>
    all.map(({ name, shape, data }) => ({ name: `${type}.${name}`, type, shape, data }))
  );
  await writeGguf(`${path}.gguf`, { metadata, tensors });
  const file = await openGguf(`${path}.gguf`);
  const expected: Record<string, unknown> = {};
  for (const { name, type, shape } of tensors) {
    expected[name] = { type, shape, sha256: await sha256(await file.readF32(name)) };
  }
  file.close();
  const values = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, toJson(value)]));
  await Deno.writeTextFile(`${path}.json`, JSON.stringify({ metadata: values, tensors: expected }, null, 2));
}

const [folder] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
const shapes: readonly number[][] = [[256], [3, 512], [2, 3, 256], [2, 1, 2, 768]];
const bySize = shapes.map((shape): Weights => ({
  name: `dimensions${shape.length}`,
  shape,
  data: () => Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * i) * 0.1),
}));
const metadata = { "general.architecture": text("test"), ...goldenMetadata };
await write(`${folder}/aligned_to_32`, metadata, bySize);
await write(`${folder}/aligned_to_128`, { ...metadata, "general.alignment": u32(128) }, bySize);
const byKind = Object.entries(kinds).map(([name, draw], index): Weights => {
  const random = new Random(index + 1);
  const weights = Float32Array.from(
    { length: rows * columns },
    (_, i) => Math.min(65504, Math.max(-65504, draw(random.normal(), random.float(), i % columns))) + 0,
  );
  return { name, shape: [rows, columns], data: () => weights };
});
await write(`${folder}/many_weights`, {}, byKind);
