/** What turns text into vectors, wherever it runs. */
import { z } from "zod";

/** Everything that decides which vector a text gets. A table remembers it, and is opened with no other. */
export interface EmbedderDescription {
  /** Such as `kiln-embed` or `intfloat/e5-small-v2`. */
  name: string;
  /** A commit of the model's repository, or a hash of its files. */
  revision: string;
  dimensions: number;
  /** Tokens that it reads of a text, with prefix and special tokens. */
  maxTokens: number;
  pooling: "mean" | "cls";
  /** Whether vectors have length 1. */
  normalized: boolean;
  /** Put before queries, such as `"query: "`; empty for none. */
  queryPrefix: string;
  /** Put before passages. */
  passagePrefix: string;
}

/** The fields of a description that was written down. */
export const embedderDescriptionFields = {
  name: z.string(),
  revision: z.string(),
  dimensions: z.int().positive(),
  maxTokens: z.int().positive(),
  pooling: z.enum(["mean", "cls"]),
  normalized: z.boolean(),
  queryPrefix: z.string(),
  passagePrefix: z.string(),
};

/** Options of a call. */
export interface EmbedCallOptions {
  /** Texts at a time, those of like length together. Default 32. */
  batchSize?: number;
  signal?: AbortSignal;
  /** Called after each batch. */
  onProgress?: (done: number, total: number) => void;
}

/** A text encoder with its prefixes. */
export interface Embedder {
  readonly description: EmbedderDescription;
  /** Tokens that the encoder reads of a passage, with prefix and special tokens; not cut. */
  countTokens(passage: string): number;
  /** A vector of `dimensions` float32 for each passage. A passage longer than `maxTokens` is an error: nothing is cut in silence. */
  embedPassages(passages: readonly string[], options?: EmbedCallOptions): Promise<Float32Array[]>;
  /** A vector for each query. A query that is too long is cut, as search boxes do. */
  embedQueries(queries: readonly string[], options?: EmbedCallOptions): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
