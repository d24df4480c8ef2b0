/** A GGUF file as a source of weights. */
import { type ModelConfig, weightShapes } from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { ModelSource } from "../model_source.ts";
import { GgufError, quote } from "./format.ts";
import { reorderedHeads, splitHeadHalves } from "./head_rows.ts";
import { dequantizerOf } from "./quants/mod.ts";
import { readConfig } from "./read_config.ts";
import { type GgufFile, openGguf } from "./read.ts";
import { readText } from "./read_metadata.ts";
import { readTokenizer } from "./read_tokenizer.ts";
import { ggufName, ROPE_FREQS } from "./tensor_names.ts";

/**
 * Opens a model's file, as `saveGguf`, llama.cpp's converter and others write it. Weights are read when they are asked for,
 * dequantised to float32, and in Hugging Face's order; those of F32, F16 and BF16 come back exactly as they are.
 *
 * The tokenizer is the one that the file describes, with its chat template; its pre-tokenizer is built from the name that the
 * file gives.
 *
 * @param options.tokenizer Another one instead, such as that of the model's Hugging Face folder where the file's is of a kind
 *   that Kiln does not read.
 * @throws {GgufError} naming the key or tensor, when the file is damaged, lacks a tensor, or holds a model, a tokenizer or a
 *   quantisation that Kiln does not read, and what to do
 */
export async function openGgufSource(path: string, options: { tokenizer?: Tokenizer } = {}): Promise<ModelSource> {
  const file = await openGguf(path);
  try {
    const model = await readConfig(file);
    const tokenizer = options.tokenizer ?? readTokenizer(file, model.maxPositions);
    const config = { ...model, eosTokenIds: tokenizer.eosTokenIds };
    const shapes = weightShapes(config);
    checkTensors(file, config, shapes);
    const unread = Object.keys(shapes).map(ggufName).find((name) => dequantizerOf(file.info(name).type) === undefined);
    // Refused at once rather than after the tensors before it.
    if (unread !== undefined) await file.readF32(unread);
    tokenizer.assertFits(config.vocabSize);
    return {
      name: readText(file, "general.name") ?? path,
      config,
      tokenizer,
      read: async (weight) => {
        const shape = shapes[weight];
        if (shape === undefined) throw new GgufError(path, `the model has no weight "${weight}"`);
        const data = await file.readF32(ggufName(weight));
        const heads = reorderedHeads(config, weight);
        return heads === 0 ? data : splitHeadHalves(data, heads, shape[1] ?? 1);
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** All tensors must be there in their shapes, and no others: what is left out would be missed in silence. */
function checkTensors(file: GgufFile, config: ModelConfig, shapes: Readonly<Record<string, readonly number[]>>): void {
  const known = new Set([ROPE_FREQS]);
  for (const [weight, shape] of Object.entries(shapes)) {
    const name = ggufName(weight);
    known.add(name);
    const stored = file.tensors.get(name)?.shape;
    if (stored === undefined) {
      throw new GgufError(file.path, `there is no tensor "${name}", which a ${config.family} model of this size has`);
    }
    if (stored.length === shape.length && stored.every((length, axis) => length === shape[axis])) continue;
    throw new GgufError(file.path, `tensor "${name}" is [${stored}]; the metadata asks for [${shape}]`);
  }
  const stranger = [...file.tensors.keys()].find((name) => !known.has(name));
  if (stranger === undefined) return;
  throw new GgufError(
    file.path,
    `tensor ${
      quote(stranger)
    } is none of a ${config.family} model that Kiln computes; without it the model would be another`,
  );
}
