/** An encoder from and to a folder in the layout of sentence-transformers, or a new one with random weights. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import { writeFileAtomic, writeFilesTogether, type WriteOptions } from "../../files/mod.ts";
import type { Random } from "../../random/mod.ts";
import { Tokenizer } from "../../tokenizer/mod.ts";
import { checkTensors, initialWeight, readConfigText } from "../model_folder.ts";
import { openCheckpoint, type TensorSource, type TensorToWrite, writeCheckpoint } from "../safetensors.ts";
import { type EncoderConfig, encoderConfigJson, parseEncoderConfig } from "./config.ts";
import { SentenceEncoder } from "./sentence_encoder.ts";
import { readSentenceSettings, sentenceFiles, type SentenceSettings } from "./sentence_files.ts";
import { encoderWeightShapes } from "./weights.ts";

/**
 * Loads a text encoder of BERT's architecture (MiniLM, e5, bge and others) from a folder: config.json, safetensors, tokenizer
 * and, where there are, the files of sentence-transformers. Weights of F32, F16 and BF16 are held as float32.
 *
 * @throws When a file is absent or broken, the configuration is not one that Kiln can run, or a tensor is missing, of another
 *   shape, or would not be used; the message names file and tensor.
 */
export async function loadEncoder(
  folder: string,
  { engine, signal, onProgress }: {
    engine: Engine;
    signal?: AbortSignal;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<SentenceEncoder> {
  const { text, path } = await readConfigText(folder);
  const config = parseEncoderConfig(text, path);
  const tokenizer = await Tokenizer.load(folder);
  const settings = await readSentenceSettings(folder, config.maxPositions);
  const shapes = encoderWeightShapes(config);
  const checkpoint = await openCheckpoint(folder);
  const weights = new Map<string, DeviceTensor>();
  try {
    const prefix = namesPrefix(checkpoint);
    checkTensors(checkpoint, shapes, { prefix, blocks: "encoder." });
    const all = Object.entries(shapes);
    for (const [done, [name, shape]] of all.entries()) {
      signal?.throwIfAborted();
      weights.set(name, await engine.store(await checkpoint.readF32(prefix + name), shape));
      onProgress?.(done + 1, all.length);
    }
    return new SentenceEncoder(engine, config, weights, tokenizer, settings);
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  } finally {
    checkpoint.close();
  }
}

/** Models saved with a head on top have BertModel's weights under this name. */
function namesPrefix(checkpoint: TensorSource): string {
  return checkpoint.names.some((name) => name.startsWith("bert.")) ? "bert." : "";
}

/**
 * An encoder with random weights: matrices and tables from a normal distribution of standard deviation `initializerRange`, 0.02
 * unless told, norms 1, biases 0.
 */
export async function createEncoder(
  config: EncoderConfig,
  { engine, random, tokenizer, settings = {}, initializerRange = 0.02 }: {
    engine: Engine;
    random: Random;
    tokenizer: Tokenizer;
    /** Default: the mean, and as many tokens as there are positions. */
    settings?: Partial<SentenceSettings>;
    initializerRange?: number;
  },
): Promise<SentenceEncoder> {
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(encoderWeightShapes(config))) {
    weights.set(name, await engine.store(initialWeight(name, shape, random, initializerRange), shape));
  }
  const { pooling = "mean", maxTokens = config.maxPositions } = settings;
  return new SentenceEncoder(engine, config, weights, tokenizer, { pooling, maxTokens });
}

/**
 * Writes an encoder's folder, as sentence-transformers and transformers read it. Other files in it stay. The pooler, which
 * BertModel has and embeddings do not use, is written as zeros.
 *
 * @param options.dtype Default `"BF16"`, rounded to the nearest, ties to even.
 * @throws {DiskFullError} When the disk is full. As after every failure, an earlier model is then still there.
 */
export async function saveEncoder(
  encoder: SentenceEncoder,
  folder: string,
  options: { dtype?: "F32" | "F16" | "BF16" } & Pick<WriteOptions, "fileSystem"> = {},
): Promise<void> {
  const { dtype = "BF16", fileSystem } = options;
  const { config, engine, settings } = encoder;
  const tensors = [...encoder.weights].map(([name, tensor]): TensorToWrite => {
    return { name, dtype, shape: [...tensor.shape], data: async () => await engine.read(tensor) as Float32Array };
  });
  for (
    const [name, shape] of [["weight", [config.hiddenSize, config.hiddenSize]], ["bias", [config.hiddenSize]]] as const
  ) {
    const zeros = new Float32Array(shape.reduce((a, b) => a * b));
    tensors.push({ name: `pooler.dense.${name}`, dtype, shape, data: zeros });
  }
  const torchDtype = { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype];
  const files = {
    "config.json": { ...encoderConfigJson(config), torch_dtype: torchDtype },
    ...sentenceFiles(settings, config.hiddenSize),
  };
  await writeFilesTogether(folder, async (inside) => {
    await writeCheckpoint(inside, tensors, { metadata: { format: "pt" }, fileSystem });
    await encoder.tokenizer.save(inside, { fileSystem });
    for (const [name, json] of Object.entries(files)) {
      await Deno.mkdir(`${inside}/${name}`.replace(/\/[^/]+$/, ""), { recursive: true });
      await writeFileAtomic(`${inside}/${name}`, JSON.stringify(json, null, 2) + "\n", { fileSystem });
    }
  }, { fileSystem });
}
