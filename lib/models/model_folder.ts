/** What decoders and encoders share in reading a model's folder, and in making a new model. */
import type { Random } from "../random/mod.ts";
import type { TensorSource } from "./safetensors.ts";

/** The text of a folder's config.json, and where it stands. */
export async function readConfigText(folder: string): Promise<{ text: string; path: string }> {
  const path = `${folder}/config.json`;
  try {
    return { text: await Deno.readTextFile(path), path };
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); expected a Hugging Face model folder`);
  }
}

/**
 * Compares a checkpoint with the tensors that its configuration asks for.
 *
 * @param shapes By name, without the `prefix` that all names of this checkpoint have.
 * @param options.blocks What the names of the layers' tensors begin with: one that is not asked for, a bias, norm or scale,
 *   would silently be left out.
 * @param options.ignored Ends of names that may be left out.
 * @throws When a tensor is missing, of another shape, or would not be used.
 */
export function checkTensors(
  checkpoint: TensorSource,
  shapes: Readonly<Record<string, readonly number[]>>,
  { prefix = "", blocks, ignored = [] }: { prefix?: string; blocks: string; ignored?: readonly string[] },
): void {
  for (const [name, shape] of Object.entries(shapes)) checkTensor(checkpoint, prefix + name, shape);
  const unused = checkpoint.names.find((name) =>
    name.startsWith(prefix + blocks) && !Object.hasOwn(shapes, name.slice(prefix.length)) &&
    !ignored.some((end) => name.endsWith(end))
  );
  if (unused === undefined) return;
  throw new Error(
    `${checkpoint.path}: tensor "${unused}" belongs to none of the layers that config.json describes; ` +
      "do the two belong together?",
  );
}

function checkTensor(checkpoint: TensorSource, name: string, expected: readonly number[]): void {
  const asks = `config.json asks for one of [${expected.join(", ")}]; do the two belong together?`;
  if (!checkpoint.has(name)) throw new Error(`${checkpoint.path}: there is no tensor "${name}", but ${asks}`);
  const { shape } = checkpoint.info(name);
  if (shape.length === expected.length && shape.every((length, axis) => length === expected[axis])) return;
  throw new Error(`${checkpoint.path}: tensor "${name}" is [${shape.join(", ").slice(0, 100)}], but ${asks}`);
}

/** Numbers of a new weight: norms 1, biases 0, the rest from a normal distribution of standard deviation `range`. */
export function initialWeight(name: string, shape: readonly number[], random: Random, range: number): Float32Array {
  const data = new Float32Array(shape.reduce((a, b) => a * b));
  if (/norm\.weight$/i.test(name)) data.fill(1);
  else if (!name.endsWith(".bias")) { for (let i = 0; i < data.length; i++) data[i] = random.normal() * range; }
  return data;
}
