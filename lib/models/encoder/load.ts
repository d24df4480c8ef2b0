/** An encoder from and to a folder in the layout of sentence-transformers, or a new one with random weights. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import { writeFileAtomic, writeFilesTogether, type WriteOptions } from "../../files/mod.ts";
import type { Random } from "../../random/mod.ts";
import { Tokenizer } from "../../tokenizer/mod.ts";
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
  const config = await readConfig(`${folder}/config.json`);
  const tokenizer = await Tokenizer.load(folder);
  const settings = await readSentenceSettings(folder, config.maxPositions);
  const shapes = Object.entries(encoderWeightShapes(config));
  const checkpoint = await openCheckpoint(folder);
  const weights = new Map<string, DeviceTensor>();
  try {
    const prefix = namesPrefix(checkpoint);
    for (const [name, shape] of shapes) checkTensor(checkpoint, prefix + name, shape);
    refuseUnusedTensors(checkpoint, prefix, Object.fromEntries(shapes));
    for (const [done, [name, shape]] of shapes.entries()) {
      signal?.throwIfAborted();
      weights.set(name, await engine.store(await checkpoint.readF32(prefix + name), shape));
      onProgress?.(done + 1, shapes.length);
    }
    return new SentenceEncoder(engine, config, weights, tokenizer, settings);
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  } finally {
    checkpoint.close();
  }
}

async function readConfig(path: string): Promise<EncoderConfig> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); expected a Hugging Face model folder`);
  }
  return parseEncoderConfig(text, path);
}

/** Models saved with a head on top have BertModel's weights under this name. */
function namesPrefix(checkpoint: TensorSource): string {
  return checkpoint.names.some((name) => name.startsWith("bert.")) ? "bert." : "";
}

function checkTensor(checkpoint: TensorSource, name: string, expected: readonly number[]): void {
  const asks = `config.json asks for one of [${expected.join(", ")}]; do the two belong together?`;
  if (!checkpoint.has(name)) throw new Error(`${checkpoint.path}: there is no tensor "${name}", but ${asks}`);
  const { shape } = checkpoint.info(name);
  if (shape.length === expected.length && shape.every((length, axis) => length === expected[axis])) return;
  throw new Error(`${checkpoint.path}: tensor "${name}" is [${shape.join(", ").slice(0, 100)}], but ${asks}`);
}

/** A weight of the layers that would silently be left out. */
function refuseUnusedTensors(checkpoint: TensorSource, prefix: string, shapes: Record<string, unknown>): void {
  const unused = checkpoint.names.find((name) =>
    name.startsWith(`${prefix}encoder.`) && !Object.hasOwn(shapes, name.slice(prefix.length))
  );
  if (unused === undefined) return;
  throw new Error(
    `${checkpoint.path}: tensor "${unused}" belongs to none of the layers that config.json describes; ` +
      "do the two belong together?",
  );
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
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    if (name.endsWith("LayerNorm.weight")) data.fill(1);
    else if (!name.endsWith(".bias")) {
      for (let i = 0; i < data.length; i++) data[i] = random.normal() * initializerRange;
    }
    weights.set(name, await engine.store(data, shape));
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
