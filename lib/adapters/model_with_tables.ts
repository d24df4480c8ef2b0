/** A model with the tables that an adapter carries, to generate with, to score with, or to merge the adapter into. */
import type { DeviceTensor } from "../engine/mod.ts";
import {
  type AdapterWeights,
  carriedTables,
  carriesTables,
  CausalLM,
  type ModelConfig,
  putRows,
  TABLE_MODULES,
  TABLE_NAMES,
  type TableModule,
  viewWith,
} from "../models/mod.ts";

/** A table of the view. */
interface Table {
  tensor: DeviceTensor;
  /** Whether it is another one's to free. */
  isLent: boolean;
}

/**
 * A view of a model whose token table and head are those that the adapter carries, with a vocabulary of their size. Use
 * both: `generate(view, { adapter, ... })`. The model stays as it is, without the new tokens, for others.
 *
 * Whole tables are the adapter's own tensors, so that the view costs no memory; where it carries rows of some tokens, tables
 * are float32 copies with these rows in place. Programs that were compiled from a view keep its head: after further
 * training make a new view and new decoders. Dispose the view before the model and the adapter; both stay.
 *
 * @throws When the tables are not of the model's hidden size, or a new token lacks a row.
 */
export async function modelWithTables(model: CausalLM, adapter: AdapterWeights): Promise<CausalLM> {
  const { config } = model;
  if (!carriesTables(adapter)) {
    const shared = { names: new Set(model.weights.keys()), tablesOf: adapter };
    return new CausalLM(model.engine, config, new Map(model.weights), shared);
  }
  const carried = carriedTables(adapter, config);
  const wider = configWithTables(config, adapter);
  const tables = new Map<string, Table>();
  try {
    for (const module of TABLE_MODULES) {
      if (module === "lm_head" && wider.tieWordEmbeddings) continue;
      const factor = module === "lm_head" ? carried.head : carried.embedding;
      tables.set(TABLE_NAMES[module], await tableOf(model, adapter, module, factor, wider.vocabSize));
    }
  } catch (error) {
    for (const { tensor, isLent } of tables.values()) if (!isLent) tensor.dispose();
    throw error;
  }
  return viewWith(model, {
    config: wider,
    tables: new Map([...tables].map(([name, { tensor }]) => [name, tensor])),
    lent: [...tables].flatMap(([name, { isLent }]) => isLent ? [name] : []),
    tablesOf: adapter,
  });
}

/** What an adapter carries, whether on an engine or on disk. */
export interface CarryingAdapter {
  factors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  trainableTokenIndices?: readonly number[];
}

/** The configuration of a model that has an adapter's tables in the place of its own. */
export function configWithTables(config: ModelConfig, adapter: CarryingAdapter): ModelConfig {
  const { embedding, head } = carriedTables(adapter, config);
  if (embedding === null && head === null) return config;
  const tieWordEmbeddings = config.tieWordEmbeddings && head === embedding;
  return { ...config, vocabSize: vocabularyOf(config, adapter), tieWordEmbeddings };
}

/** The vocabulary that the adapter's tables are for. */
function vocabularyOf(config: ModelConfig, adapter: CarryingAdapter): number {
  const { embedding, head } = carriedTables(adapter, config);
  const ids = adapter.trainableTokenIndices;
  const shapes = [embedding, head].flatMap((name) => name === null ? [] : [adapter.factors.get(name)!.shape]);
  const rows = ids ? ids.length : shapes[0][0];
  for (const shape of shapes) {
    if (shape.join() === [rows, config.hiddenSize].join()) continue;
    throw new Error(
      `the adapter carries a table of [${
        shape.join(", ")
      }]: expected [${rows}, ${config.hiddenSize}]; was it made for ` +
        "another model?",
    );
  }
  return ids ? Math.max(config.vocabSize, ...ids.map((id) => id + 1)) : rows;
}

async function tableOf(
  model: CausalLM,
  adapter: AdapterWeights,
  module: TableModule,
  factor: string | null,
  vocabSize: number,
): Promise<Table> {
  const { config, engine } = model;
  const ids = factor === null ? [] : adapter.trainableTokenIndices;
  if (!ids) return { tensor: adapter.factors.get(factor!)!, isLent: true };
  checkNewRows(ids, module, config, vocabSize);
  const own = TABLE_NAMES[config.tieWordEmbeddings ? "embed_tokens" : module];
  const held = model.weight(own);
  if (factor === null && held.dtype === "float32" && vocabSize === config.vocabSize) {
    return { tensor: held, isLent: true };
  }
  const hidden = config.hiddenSize;
  const numbers = new Float32Array(vocabSize * hidden);
  const before = await model.readWeight(own);
  numbers.set(before.subarray(0, numbers.length));
  const rows = factor === null ? new Float32Array() : await engine.read(adapter.factors.get(factor)!) as Float32Array;
  putRows(numbers, rows, ids, hidden);
  return { tensor: await engine.store(numbers, [vocabSize, hidden]), isLent: false };
}

/** Throws when a token that the model has no row for, of those up to `vocabSize`, is not among `ids`. */
export function checkNewRows(
  ids: readonly number[],
  module: TableModule,
  config: ModelConfig,
  vocabSize: number,
): void {
  for (let id = config.vocabSize; id < vocabSize; id++) {
    if (ids.includes(id)) continue;
    throw new Error(
      `the adapter has no row of ${module} for token ${id}, and the model has ${config.vocabSize} tokens: give ` +
        "the model as it was trained with, from resizeEmbeddings()",
    );
  }
}
