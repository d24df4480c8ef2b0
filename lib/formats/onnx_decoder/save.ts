import { type FileSystem, writeFileAtomic, writeFilesTogether } from "../../files/mod.ts";
import { weightShapes } from "../../models/mod.ts";
import type { ModelSource } from "../model_source.ts";
import type { ExportProgress } from "../progress.ts";
import { configFiles } from "./config_files.ts";
import type { FileLimits } from "./layout.ts";
import { type OnnxPrecision, variantOf } from "./variants.ts";
import { writeOnnx } from "./write_onnx.ts";

/** Options of `saveOnnxDecoder`. */
export interface SaveOnnxOptions extends FileLimits {
  /** Which files to write. The first is what transformers.js loads where no `dtype` is named. Default `["f32"]`. */
  precisions?: readonly OnnxPrecision[];
  /**
   * With an input `num_logits_to_keep`, so that a long prompt does not give logits of all of its tokens: 0.6 MB a token for a
   * vocabulary of 151,936, which can be more than a browser has. transformers.js 4 feeds it; its version 3, and Optimum, do
   * not know it and cannot run such a decoder. Default false.
   */
  numLogitsToKeep?: boolean;
  /** Told of each weight: how many are written and to be written, and the file and weight. */
  onProgress?: ExportProgress;
  /** Stops the export; nothing is left of it. */
  signal?: AbortSignal;
  fileSystem?: FileSystem;
}

/**
 * Writes a model as transformers.js loads it, and Optimum and ONNX Runtime in every language: config.json,
 * generation_config.json, the tokenizer's files with the chat template, and a folder `onnx` with one decoder for each
 * precision (see `variants.ts` for what those are, `decoder_graph.ts` for inputs and outputs). Weights are read one at a
 * time, so that the memory needed is that of the largest. The folder is made if needed and other files in it stay; an earlier
 * export gives its place to the new one as a whole.
 *
 * ```js
 * const generator = await pipeline("text-generation", "my-model", { dtype: "q4" });
 * ```
 *
 * @throws {RangeError} naming the option that means nothing
 * @throws When a weight does not fit a precision, naming it; {DiskFullError} when the disk is full. As after every failure,
 *   the folder is then as it was.
 */
export async function saveOnnxDecoder(
  source: ModelSource,
  folder: string,
  options: SaveOnnxOptions = {},
): Promise<void> {
  const { precisions = ["f32"], onProgress, signal, fileSystem, maxEmbeddedBytes, maxShardBytes, numLogitsToKeep } =
    options;
  if (precisions.length === 0 || new Set(precisions).size < precisions.length) {
    throw new RangeError(`precisions: expected one or more, each once, got [${precisions.join(", ")}]`);
  }
  const variants = precisions.map(variantOf);
  checkLimit("maxEmbeddedBytes", maxEmbeddedBytes, 0);
  checkLimit("maxShardBytes", maxShardBytes, 1);
  source.tokenizer.assertFits(source.config.vocabSize);
  const total = variants.length * Object.keys(weightShapes(source.config)).length;
  let done = 0;

  const write = async (inside: string) => {
    const dataFiles: number[] = [];
    for (const variant of variants) {
      const onWeight = (name: string) => onProgress?.(++done, total, `${variant.file}: ${name}`);
      const shape = { maxEmbeddedBytes, maxShardBytes, numLogitsToKeep };
      dataFiles.push(await writeOnnx(source, variant, `${inside}/onnx`, { ...shape, onWeight, signal, fileSystem }));
    }
    for (const [name, bytes] of configFiles(source, variants, dataFiles)) {
      await writeFileAtomic(`${inside}/${name}`, bytes, { fileSystem, signal });
    }
  };
  await writeFilesTogether(folder, write, { fileSystem });
}

/** One ONNX file is a protobuf, which cannot be larger. */
const MOST_EMBEDDED = 2 ** 31 - 2 ** 24;

function checkLimit(name: string, value: number | undefined, least: number): void {
  const most = name === "maxEmbeddedBytes" ? MOST_EMBEDDED : Number.MAX_SAFE_INTEGER;
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw new RangeError(`${name}: expected a whole number of bytes from ${least} to ${most}, got ${value}`);
}
