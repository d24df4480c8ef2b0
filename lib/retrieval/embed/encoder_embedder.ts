/** Embedders that run on Kiln's own engine: the house encoder, and others of BERT's architecture. */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Engine } from "../../engine/mod.ts";
import { loadEncoder, SentenceEncoder } from "../../models/encoder/mod.ts";
import type { EmbedCallOptions, Embedder, EmbedderDescription } from "./embedder.ts";
import { folderRevision, safetensorsFiles } from "./folder_revision.ts";
import { type EmbedderSettings, readFolderSettings } from "./folder_settings.ts";
import { refuseLongPassages } from "./passage_length.ts";

/** Where the house encoder ships. */
const HOUSE_FOLDER = fileURLToPath(new URL("../../../data/models/kiln-embed", import.meta.url));

/** Options of `encoderEmbedder`. Settings that are not given are the folder's own; prefixes are empty where it has none. */
export interface EncoderEmbedderOptions extends Partial<EmbedderSettings> {
  /** Stays the caller's. */
  engine: Engine;
  /** Default: the folder's name. */
  name?: string;
  /** Default: a hash of the folder's files. */
  revision?: string;
  signal?: AbortSignal;
}

/** The encoder that ships with Kiln: 256 dimensions, at most 256 tokens, no prefixes unless they are given, no network. */
export async function houseEmbedder(
  { folder = HOUSE_FOLDER, ...options }: Omit<EncoderEmbedderOptions, "name" | "revision"> & { folder?: string },
): Promise<Embedder> {
  return await encoderEmbedder(folder, { ...options, name: "kiln-embed" });
}

/**
 * An embedder from a folder of safetensors in the layout of sentence-transformers, of BERT's architecture (MiniLM, e5, bge,
 * gte), run on Kiln's engine. Nothing is fetched.
 *
 * @throws When `loadEncoder` cannot read the folder, or a setting is out of range.
 */
export async function encoderEmbedder(folder: string, options: EncoderEmbedderOptions): Promise<Embedder> {
  const { engine, signal } = options;
  const encoder = await loadEncoder(folder, { engine, signal });
  try {
    const own = await readFolderSettings(folder);
    const { pooling, maxTokens } = { ...encoder.settings, ...given(options) };
    const description: EmbedderDescription = {
      name: options.name ?? basename(resolve(folder)),
      revision: options.revision ?? await folderRevision(folder, await safetensorsFiles(folder)),
      dimensions: encoder.hiddenSize,
      maxTokens,
      pooling,
      normalized: true,
      queryPrefix: options.queryPrefix ?? own.queryPrefix ?? "",
      passagePrefix: options.passagePrefix ?? own.passagePrefix ?? "",
    };
    const { config, weights, tokenizer } = encoder;
    return embedderOf(new SentenceEncoder(engine, config, weights, tokenizer, { pooling, maxTokens }), description);
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
}

function given({ pooling, maxTokens }: Partial<EmbedderSettings>): Partial<EmbedderSettings> {
  return { ...(pooling && { pooling }), ...(maxTokens !== undefined && { maxTokens }) };
}

/** A loaded encoder as an embedder, which owns it from here on. */
function embedderOf(encoder: SentenceEncoder, description: EmbedderDescription): Embedder {
  let isDisposed = false;
  const embed = async (texts: readonly string[], prefix: string, options: EmbedCallOptions) => {
    if (isDisposed) throw new Error(`the embedder ${description.name} was disposed`);
    const { batchSize = 32, signal, onProgress } = options;
    const report = onProgress && (({ done, total }: { done: number; total: number }) => onProgress(done, total));
    return await encoder.embed(texts, { prefix, batchSize, signal, onProgress: report });
  };
  const countTokens = (passage: string) => encoder.tokenize(description.passagePrefix + passage, Infinity).ids.length;
  return {
    description,
    countTokens,
    async embedPassages(passages, options = {}) {
      refuseLongPassages(passages, passages.map(countTokens), description);
      return await embed(passages, description.passagePrefix, options);
    },
    embedQueries: (queries, options = {}) => embed(queries, description.queryPrefix, options),
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      await encoder.dispose();
    },
  };
}
