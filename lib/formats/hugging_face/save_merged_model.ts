/** A model as a Hugging Face folder: what `from_pretrained` of transformers, vLLM and all their kin read. */
import { type FileSystem, writeFileAtomic, writeFilesTogether } from "../../files/mod.ts";
import { type TensorToWrite, WEIGHT_FILE, weightShapes, writeCheckpoint } from "../../models/mod.ts";
import { completeTokenizerFiles, tokenizerFileNames } from "../../tokenizer/mod.ts";
import type { ModelSource } from "../model_source.ts";
import type { ExportProgress } from "../progress.ts";
import { type CheckpointDtype, exportedConfig, exportedGenerationConfig } from "./config_files.ts";

/** How to write it. */
export interface SaveMergedModelOptions {
  /** Default `"BF16"`. BF16 and F16 are rounded to the nearest, ties to even. */
  dtype?: CheckpointDtype;
  /** Weights beyond this are split over several files with an index. Default 5 GB. */
  maxShardBytes?: number;
  /** Counts weights. */
  onProgress?: ExportProgress;
  /** Ends it; nothing is left behind. */
  signal?: AbortSignal;
  fileSystem?: FileSystem;
}

/** The smallest number that float16 rounds to infinity. */
const BEYOND_FLOAT16 = 65520;

/**
 * Writes config.json, generation_config.json, the weights (model.safetensors, or shards and model.safetensors.index.json) and the
 * tokenizer's files with the chat template. What the base's own configuration says besides stays.
 *
 * The folder is made if needed, and other files in it stay; a model and tokenizer that were there before are replaced as a whole,
 * and are still there after a failure. Needs little more memory than the largest weight takes.
 *
 * @throws When a weight does not fit into float16, {DiskFullError} when the disk is full, or the signal's reason.
 */
export async function saveMergedModel(
  source: ModelSource,
  folder: string,
  options: SaveMergedModelOptions = {},
): Promise<void> {
  const { dtype = "BF16", maxShardBytes, onProgress, signal, fileSystem } = options;
  const shapes = Object.entries(weightShapes(source.config));
  let done = 0;
  const tensors = shapes.map(([name, shape]): TensorToWrite => ({
    name,
    dtype,
    shape,
    data: async () => {
      signal?.throwIfAborted();
      const numbers = await source.read(name);
      if (dtype === "F16") checkFloat16(name, numbers);
      onProgress?.(++done, shapes.length, name);
      return numbers;
    },
  }));
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  const files = new Map([
    ["config.json", json(exportedConfig(source, dtype))],
    ["generation_config.json", json(exportedGenerationConfig(source))],
    ...completeTokenizerFiles(source.tokenizer),
  ]);
  const earlier: readonly string[] = tokenizerFileNames;
  await writeFilesTogether(folder, async (inside) => {
    await writeCheckpoint(inside, tensors, { maxShardBytes, metadata: { format: "pt" }, signal, fileSystem });
    for (const [name, bytes] of files) await writeFileAtomic(`${inside}/${name}`, bytes, { fileSystem });
  }, { fileSystem, supersedes: (name) => WEIGHT_FILE.test(name) || earlier.includes(name) });
}

function checkFloat16(name: string, numbers: Float32Array): void {
  for (let at = 0; at < numbers.length; at++) {
    if (Math.abs(numbers[at]) < BEYOND_FLOAT16) continue;
    throw new Error(
      `weight "${name}": float16 cannot hold ${numbers[at]}, only numbers below ${BEYOND_FLOAT16}; export BF16`,
    );
  }
}
