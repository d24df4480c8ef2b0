/** A whole model as one GGUF file, which llama.cpp and all that is built on it run. */
import type { FileSystem } from "../../files/mod.ts";
import { weightShapes } from "../../models/mod.ts";
import type { ModelSource } from "../model_source.ts";
import type { ExportProgress } from "../progress.ts";
import { interleaveHeads, reorderedHeads } from "./head_rows.ts";
import { modelMetadata, ropeFactors } from "./model_metadata.ts";
import { GGUF_TYPES, type GgufType, typeOfWeight } from "./quantization_plan.ts";
import { ggufName, ROPE_FREQS } from "./tensor_names.ts";
import { tokenizerMetadata } from "./tokenizer_metadata.ts";
import { type GgufTensorToWrite, writeGguf } from "./write.ts";

/** Options of `saveGguf`. */
export interface SaveGgufOptions {
  /**
   * What the matrices are stored as; norms and biases are always F32. Default `"F16"`. `"Q4_K"` is the mixture that llama.cpp
   * calls Q4_K_M: see `typeOfWeight`.
   */
  type?: GgufType;
  /** Told of weights written, weights in all, and the tensor. */
  onProgress?: ExportProgress;
  signal?: AbortSignal;
  fileSystem?: FileSystem;
}

/**
 * Writes a model with its tokenizer, special tokens and chat template into one file, as llama.cpp's own converter would. Weights
 * are read, converted and written one at a time. A file of that name is replaced when all is written, and not before.
 *
 * F32 keeps every bit; BF16 and F16 keep those of weights that are of that type. llama.cpp makes the tokenizer's own tokens of a
 * text, but for two things that GGUF cannot say: it does not bring text into Unicode's form NFC, and where two added tokens
 * overlap in a text it takes the longer one, not the first.
 *
 * @throws {RangeError} when llama.cpp would compute something else, or make other tokens of a text; the message says what
 * @throws {GgufError} when a weight cannot be stored in the type, naming it
 */
export async function saveGguf(source: ModelSource, path: string, options: SaveGgufOptions = {}): Promise<void> {
  const { type = "F16", onProgress, signal, fileSystem } = options;
  if (!GGUF_TYPES.includes(type)) throw new RangeError(`type "${type}": expected one of ${GGUF_TYPES.join(", ")}`);
  const { config, tokenizer, name } = source;
  const metadata = new Map([
    ...modelMetadata(config, name, type),
    ...tokenizerMetadata(tokenizer, config),
  ]);
  await writeGguf(path, { metadata, tensors: tensorsOf(source, type) }, { onProgress, signal, fileSystem });
}

function tensorsOf(source: ModelSource, type: GgufType): GgufTensorToWrite[] {
  const { config } = source;
  const tensors = Object.entries(weightShapes(config)).map(([weight, shape]): GgufTensorToWrite => ({
    name: ggufName(weight),
    type: typeOfWeight(weight, shape, config, type),
    shape,
    data: async () => {
      const data = await source.read(weight);
      const heads = reorderedHeads(config, weight);
      return heads === 0 ? data : interleaveHeads(data, heads, shape[1] ?? 1);
    },
  }));
  const factors = ropeFactors(config);
  if (!factors) return tensors;
  return [{ name: ROPE_FREQS, type: "F32", shape: [factors.length], data: () => factors }, ...tensors];
}
