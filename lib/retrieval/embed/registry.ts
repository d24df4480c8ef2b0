/** The embedders that Kiln knows by name, and what each needs to be told. */
import { z } from "zod";

const count = z.int().positive();

/** What an entry must look like; also for entries of your own. */
export const embedderEntrySchema = z.strictObject({
  /** What it is asked for by, such as `e5-small-v2`. */
  name: z.string().regex(/^[\w.-]+$/, "expected letters, digits, dots and dashes"),
  /** Its repository on the hub; null for what ships with Kiln. */
  repository: z.string().regex(/^[\w-][\w.-]*\/[\w-][\w.-]*$/, "expected owner/name").nullable(),
  /** A commit; a branch such as `main` is resolved when the model is fetched, and the commit is recorded. */
  revision: z.string().regex(/^(?!.*\.\.)\w[\w./-]*$/, "expected a commit or a branch"),
  /** The float32 weights for transformers.js, a path in the repository. */
  onnxFile: z.string().regex(/^([\w-]+\/)*[\w.-]+\.onnx$/, "expected a path that ends in .onnx").nullable(),
  pooling: z.enum(["mean", "cls"]),
  /** Tokens that are read of a text, with prefix and special tokens. */
  maxTokens: count,
  dimensions: count,
  /** Vectors are given length 1. */
  normalized: z.literal(true),
  queryPrefix: z.string(),
  passagePrefix: z.string(),
  /** nDCG@10 times 100: the mean over BEIR's sets, and on its HotpotQA. */
  published: z.strictObject({ beir: z.number().min(0).max(100), hotpotQa: z.number().min(0).max(100).nullable() })
    .nullable(),
});

/** An embedder as the registry describes it. */
export type EmbedderEntry = z.infer<typeof embedderEntrySchema>;

/** Before the queries of bge's English models, nothing before passages (model card of BAAI/bge-small-en-v1.5). */
const BGE_QUERY = "Represent this sentence for searching relevant passages: ";

/** e5 was trained with both prefixes; without them it loses much (Wang et al. 2022, arXiv:2212.03533, model cards). */
const E5_PREFIXES = { queryPrefix: "query: ", passagePrefix: "passage: " } as const;

const NO_PREFIXES = { queryPrefix: "", passagePrefix: "" } as const;

/**
 * By name. Commits are ones that the hub's main branches had in 2025 and 2026, with ONNX files by the models' own authors. The
 * published numbers are those of the MTEB leaderboard (Muennighoff et al. 2022, arXiv:2210.07316), where BM25 has 39.8 and 56.9
 * (Thakur et al. 2021, arXiv:2104.08663); null where none was found.
 */
export const EMBEDDERS: ReadonlyMap<string, EmbedderEntry> = byName([
  {
    name: "kiln-embed",
    repository: null,
    revision: "shipped",
    onnxFile: null,
    pooling: "mean",
    maxTokens: 256,
    dimensions: 256,
    normalized: true,
    ...NO_PREFIXES,
    published: null,
  },
  {
    name: "all-MiniLM-L6-v2",
    repository: "sentence-transformers/all-MiniLM-L6-v2",
    revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    onnxFile: "onnx/model.onnx",
    pooling: "mean",
    maxTokens: 256,
    dimensions: 384,
    normalized: true,
    ...NO_PREFIXES,
    published: { beir: 42.0, hotpotQa: 46.5 },
  },
  {
    name: "e5-small-v2",
    repository: "intfloat/e5-small-v2",
    revision: "ffb93f3bd4047442299a41ebb6fa998a38507c52",
    onnxFile: "model.onnx",
    pooling: "mean",
    maxTokens: 512,
    dimensions: 384,
    normalized: true,
    ...E5_PREFIXES,
    published: { beir: 49.0, hotpotQa: null },
  },
  {
    name: "e5-base-v2",
    repository: "intfloat/e5-base-v2",
    revision: "f52bf8ec8c7124536f0efb74aca902b2995e5bcd",
    onnxFile: "onnx/model.onnx",
    pooling: "mean",
    maxTokens: 512,
    dimensions: 768,
    normalized: true,
    ...E5_PREFIXES,
    published: { beir: 50.3, hotpotQa: 69.2 },
  },
  {
    name: "multilingual-e5-small",
    repository: "intfloat/multilingual-e5-small",
    revision: "614241f622f53c4eeff9890bdc4f31cfecc418b3",
    onnxFile: "onnx/model.onnx",
    pooling: "mean",
    maxTokens: 512,
    dimensions: 384,
    normalized: true,
    ...E5_PREFIXES,
    published: null,
  },
  {
    name: "bge-small-en-v1.5",
    repository: "BAAI/bge-small-en-v1.5",
    revision: "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    onnxFile: "onnx/model.onnx",
    pooling: "cls",
    maxTokens: 512,
    dimensions: 384,
    normalized: true,
    queryPrefix: BGE_QUERY,
    passagePrefix: "",
    published: { beir: 51.7, hotpotQa: 69.9 },
  },
  {
    name: "bge-base-en-v1.5",
    repository: "BAAI/bge-base-en-v1.5",
    revision: "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
    onnxFile: "onnx/model.onnx",
    pooling: "cls",
    maxTokens: 512,
    dimensions: 768,
    normalized: true,
    queryPrefix: BGE_QUERY,
    passagePrefix: "",
    published: { beir: 53.2, hotpotQa: 72.6 },
  },
]);

function byName(entries: readonly EmbedderEntry[]): ReadonlyMap<string, EmbedderEntry> {
  return new Map(entries.map((entry) => [entry.name, checkEmbedderEntry(entry)]));
}

/** The entry of a name, with or without the repository's owner; undefined where the registry does not know it. */
export function findEmbedder(name: string): EmbedderEntry | undefined {
  return EMBEDDERS.get(name) ?? [...EMBEDDERS.values()].find(({ repository }) => repository === name);
}

/**
 * Checks an entry of your own.
 *
 * @throws {RangeError} Naming the entry and its first wrong field.
 */
export function checkEmbedderEntry(entry: EmbedderEntry): EmbedderEntry {
  const { success, data, error } = embedderEntrySchema.safeParse(entry);
  if (success) return data;
  const { path, message } = error.issues[0];
  throw new RangeError(`embedder ${JSON.stringify(entry?.name)}: ${path.join(".") || "the entry"}: ${message}`);
}
