/** A model's weights with an adapter merged into them, one at a time and without an engine. */
import {
  carriedTables,
  LINEAR_MODULES,
  type LinearModule,
  loraNames,
  type ModelConfig,
  modulePath,
  putRows,
  TABLE_MODULES,
  TABLE_NAMES,
  type TableModule,
} from "../models/mod.ts";
import type { AdapterBase, AdapterFile } from "./adapter_file.ts";
import { addProduct } from "./add_product.ts";
import { checkNewRows, configWithTables } from "./model_with_tables.ts";

/** What a merged model is. */
export interface MergedWeights {
  /** The base's, with the vocabulary of the adapter's tables where it carries any. */
  readonly config: ModelConfig;
  /** A weight's numbers by its checkpoint name, one of those of `weightShapes(config)`. They are the caller's. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
}

/** A base whose numbers are the caller's to change: those of a file, read anew each time. */
export interface MergeBase extends AdapterBase {
  readWeight(name: string): Promise<Float32Array<ArrayBuffer>>;
}

/**
 * The weights that `mergeAdapter` makes of a base and an adapter, bit for bit the same: scaling B A added in float64, the
 * adapter's tables, or its rows of them, in the place of the base's. Nothing is read before it is asked for, and nothing is
 * kept.
 *
 * @throws When the adapter's tables do not fit the base, or a new token lacks a row.
 */
export function mergedWeights(base: MergeBase, adapter: AdapterFile): MergedWeights {
  const config = configWithTables(base.config, adapter);
  const carried = carriedTables(adapter, base.config);
  for (const module of TABLE_MODULES) {
    const factor = factorOf(module);
    if (factor !== null && adapter.trainableTokenIndices === undefined) continue;
    checkNewRows(factor === null ? [] : adapter.trainableTokenIndices!, module, base.config, config.vocabSize);
  }

  function factorOf(module: TableModule): string | null {
    return module === "lm_head" ? carried.head : carried.embedding;
  }

  async function readTable(module: TableModule): Promise<Float32Array<ArrayBuffer>> {
    const factor = factorOf(module);
    const ids = adapter.trainableTokenIndices;
    if (factor !== null && !ids) return await adapter.read(factor);
    // Where the adapter takes tied tables apart, the base's head is its token table.
    const own = await base.readWeight(TABLE_NAMES[base.config.tieWordEmbeddings ? "embed_tokens" : module]);
    if (factor === null) return own;
    const { hiddenSize, vocabSize } = config;
    let table = own;
    if (own.length < vocabSize * hiddenSize) {
      table = new Float32Array(vocabSize * hiddenSize);
      table.set(own);
    }
    putRows(table, await adapter.read(factor), ids!, hiddenSize);
    return table;
  }

  async function readLinear(name: string, layer: string, module: LinearModule): Promise<Float32Array<ArrayBuffer>> {
    const { a, b } = loraNames(module);
    const weight = await base.readWeight(name);
    const factor = (short: string) => adapter.read(`model.layers.${layer}.${short}`);
    return addProduct(weight, await factor(a), await factor(b), adapter, weight);
  }

  return {
    config,
    async read(name) {
      const table = TABLE_MODULES.find((module) => TABLE_NAMES[module] === name);
      if (table) return await readTable(table);
      const [, layer, path] = /^model\.layers\.(\d+)\.(.*)\.weight$/.exec(name) ?? [];
      const module = LINEAR_MODULES.find((module) => modulePath(module) === path && adapter.modules.includes(module));
      return module ? await readLinear(name, layer, module) : await base.readWeight(name);
    },
  };
}
