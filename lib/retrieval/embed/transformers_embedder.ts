/** Embedders that @huggingface/transformers runs from an ONNX file. */
import type { EmbedCallOptions, Embedder, EmbedderDescription } from "./embedder.ts";
import { inBatches } from "./batches.ts";
import { folderRevision } from "./folder_revision.ts";
import { type EmbedderSettings, readFolderSettings } from "./folder_settings.ts";
import { refuseLongPassages } from "./passage_length.ts";
import { openTransformersModel, type TransformersModel } from "./transformers_model.ts";
import { poolToUnitVectors } from "./unit_vectors.ts";

/** How texts become vectors; the dimensions are the model's own. */
export interface TransformersEmbedderSettings extends EmbedderSettings {
  name: string;
  /** Default: a hash of the folder's files. */
  revision?: string;
}

/** Where an embedder's ONNX file is, and how to run it. */
export interface TransformersEmbedderOptions {
  /** A path in the folder. Default `onnx/model.onnx`. */
  onnxFile?: string;
  /** Default: all cores. */
  threads?: number;
  signal?: AbortSignal;
}

/**
 * An embedder from a folder in the layout of transformers.js: config.json, tokenizer.json, tokenizer_config.json and an ONNX file
 * that puts out hidden states. Nothing is fetched.
 *
 * @throws When a file is absent or cannot be read, or the model has fewer positions than `maxTokens`.
 */
export async function transformersEmbedder(
  folder: string,
  settings: TransformersEmbedderSettings,
  { onnxFile = "onnx/model.onnx", threads, signal }: TransformersEmbedderOptions = {},
): Promise<Embedder> {
  const { dimensions, maxPositions = Infinity } = await readFolderSettings(folder);
  const model = await openTransformersModel("hidden states", folder, { onnxFile, threads, signal });
  try {
    const around = tokensAround(model);
    const least = around.before.length + around.after.length + 1;
    const { name, pooling, maxTokens, queryPrefix, passagePrefix } = settings;
    if (!Number.isInteger(maxTokens) || maxTokens < least || maxTokens > maxPositions) {
      throw new RangeError(`maxTokens of ${name}: expected ${least} to ${maxPositions}, got ${maxTokens}`);
    }
    const revision = settings.revision ?? await folderRevision(folder, [onnxFile]);
    const length = { dimensions, maxTokens, pooling, normalized: true };
    return embedderOf(model, { name, revision, ...length, queryPrefix, passagePrefix }, around);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** What a tokenizer puts around every text. */
interface Around {
  before: readonly number[];
  after: readonly number[];
}

function tokensAround(model: TransformersModel): Around {
  const [bare, whole] = [false, true].map((specialTokens) => model.encode("a", { specialTokens }).ids);
  const start = whole.findIndex((_, at) => bare.every((id, k) => whole[at + k] === id));
  if (bare.length === 0 || start < 0) throw new Error("the tokenizer does not keep a text's own tokens together");
  return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
}

function embedderOf(model: TransformersModel, description: EmbedderDescription, { before, after }: Around): Embedder {
  const { name, dimensions, maxTokens, pooling, queryPrefix, passagePrefix } = description;
  const tokenize = (text: string) => {
    const own = text === "" ? [] : model.encode(text, { specialTokens: false }).ids;
    const whole = [...before, ...own, ...after];
    // A tokenizer that adds nothing gives nothing for an empty text; one token of padding stands for it.
    return whole.length === 0 ? [0] : whole;
  };
  const cut = (ids: readonly number[]) =>
    ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - after.length), ...after];

  const embed = async (tokenized: readonly (readonly number[])[], options: EmbedCallOptions) => {
    const vectors = new Array<Float32Array>(tokenized.length);
    await inBatches(tokenized.map(({ length }) => length), options, async (items) => {
      const ids = items.map((item) => tokenized[item]);
      const { data, shape } = await model.run({ ids }, ["last_hidden_state", "token_embeddings"]);
      const [, tokens, width] = shape;
      if (shape.length !== 3 || width !== dimensions) {
        throw new Error(`${name}: hidden states are [${shape}]; expected [texts, tokens, ${dimensions}]`);
      }
      const lengths = ids.map(({ length }) => length);
      const pooled = poolToUnitVectors(data, { tokens, dimensions, lengths, pooling });
      items.forEach((item, row) => vectors[item] = pooled[row]);
    });
    return vectors;
  };
  return {
    description,
    countTokens: (passage) => tokenize(passagePrefix + passage).length,
    async embedPassages(passages, options = {}) {
      const tokenized = passages.map((passage) => tokenize(passagePrefix + passage));
      refuseLongPassages(passages, tokenized.map(({ length }) => length), description);
      return await embed(tokenized, options);
    },
    embedQueries: async (queries, options = {}) =>
      await embed(queries.map((query) => cut(tokenize(queryPrefix + query))), options),
    dispose: () => model.dispose(),
  };
}
