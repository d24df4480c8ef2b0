/**
 * The token table and the vocabulary head that an adapter may carry besides its factors, because new tokens have to be
 * learned: whole (PEFT's `modules_to_save`), or only the rows of some tokens (PEFT's `trainable_token_indices`).
 */
import type { DeviceTensor } from "../engine/mod.ts";
import type { AdapterWeights } from "./adapter_weights.ts";
import type { ModelConfig } from "./config.ts";

/** The two tables, by the names that PEFT knows their modules by. */
export const TABLE_MODULES = ["embed_tokens", "lm_head"] as const;
export type TableModule = (typeof TABLE_MODULES)[number];

/** The checkpoint's names of the tables [vocabulary, hidden]. */
export const TABLE_NAMES = { embed_tokens: "model.embed_tokens.weight", lm_head: "lm_head.weight" } as const;

/** The name under which an adapter has a table of its own. */
export function tableFactor(module: TableModule): string {
  return TABLE_NAMES[module];
}

/** The name under which an adapter has rows [tokens, hidden] of a table. */
export function rowsFactor(module: TableModule): string {
  return TABLE_NAMES[module].replace(/weight$/, "token_adapter.trainable_tokens_delta");
}

const FACTORS: readonly string[] = TABLE_MODULES.flatMap((module) => [tableFactor(module), rowsFactor(module)]);

/** Whether an adapter's factor is a table, or rows of one. */
export function isTableFactor(name: string): boolean {
  return FACTORS.includes(name);
}

/** Names of what an adapter carries in place of the model's tables; null: the model's own serves. */
export interface CarriedTables {
  /** The factor for the token table. */
  embedding: string | null;
  /** The factor for the head: where they are tied, that of the token table. */
  head: string | null;
}

const NONE: CarriedTables = { embedding: null, head: null };

/**
 * What an adapter carries. In a tied model the head follows the token table, unless the adapter has a head of its own.
 *
 * @param adapter Its factors may be anything that is known by their names.
 */
export function carriedTables(
  adapter: Pick<AdapterWeights, "trainableTokenIndices"> & { factors: { has(name: string): boolean } } | null,
  config: ModelConfig,
): CarriedTables {
  if (!adapter) return NONE;
  const nameOf = adapter.trainableTokenIndices ? rowsFactor : tableFactor;
  const [embedding, own] = TABLE_MODULES.map(nameOf).map((name) => adapter.factors.has(name) ? name : null);
  return { embedding, head: own ?? (config.tieWordEmbeddings ? embedding : null) };
}

/** Whether an adapter carries any table or rows of one. */
export function carriesTables(adapter: AdapterWeights | null): boolean {
  return adapter !== null && FACTORS.some((name) => adapter.factors.has(name));
}

/** The factors of an adapter that are tables, or rows of them. */
export function carriedFactors(adapter: AdapterWeights): [name: string, tensor: DeviceTensor][] {
  return [...adapter.factors].filter(([name]) => isTableFactor(name));
}

/**
 * Throws when the tables that an adapter carries are not of the model's size, or the model's own, whose rows they
 * take the place of, are held in less than float32.
 */
export function checkCarriedTables(
  adapter: AdapterWeights | null,
  { vocabSize, hiddenSize }: ModelConfig,
  ownTables: readonly DeviceTensor[],
): void {
  if (!adapter || !carriesTables(adapter)) return;
  const ids = adapter.trainableTokenIndices;
  const rows = ids?.length ?? vocabSize;
  for (const [name, { shape }] of carriedFactors(adapter)) {
    if (shape.join() === [rows, hiddenSize].join()) continue;
    throw new Error(
      `the adapter's "${name}" is [${shape.join(", ")}], and the model's vocabulary of ${vocabSize} asks for ` +
        `[${rows}, ${hiddenSize}]: use modelWithTables(model, adapter), or resizeEmbeddings() before training`,
    );
  }
  const outside = ids?.find((id) => id >= vocabSize);
  if (outside !== undefined) {
    throw new Error(
      `the adapter has a row for token ${outside}, and the model's vocabulary is ${vocabSize}: use ` +
        "modelWithTables(model, adapter), or resizeEmbeddings() before training",
    );
  }
  const small = ownTables.find(({ dtype }) => dtype !== "float32");
  if (!small) return;
  throw new Error(
    `the adapter carries tables in float32, and the model holds its own in ${small.dtype}: use ` +
      "modelWithTables(model, adapter), or resizeEmbeddings() before training",
  );
}

/**
 * Throws when an adapter carries tables and a model is not the view that `modelWithTables` made for it: a decoder would then use
 * the model's own head and never notice.
 */
export function checkDecodedTables(
  { shared }: { shared?: { tablesOf?: AdapterWeights } },
  adapter: AdapterWeights | null,
): void {
  if (!carriesTables(adapter) || shared?.tablesOf === adapter) return;
  throw new Error(
    "the adapter carries a token table or head of its own: generate with the model that modelWithTables(model, adapter) gives",
  );
}
