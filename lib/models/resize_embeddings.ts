/** A model with more tokens: its token table and head grow, the rest of it is shared. */
import type { DeviceTensor } from "../engine/mod.ts";
import { TABLE_MODULES, TABLE_NAMES } from "./carried_tables.ts";
import { CausalLM, type SharedWeights } from "./causal_lm.ts";
import type { ModelConfig } from "./config.ts";
import { weightForm, weightParts } from "./precision.ts";

/** How new rows begin. */
export interface ResizeOptions {
  /**
   * By id of a token the ids that its text was made of before: its rows begin as the mean of theirs. `addedPieces` of
   * lib/tokenizer gives it. Other new rows begin as the mean of all old ones (transformers' `mean_resizing`, Hewitt 2021,
   * without its noise of one part in 10^9). Default: none.
   */
  pieces?: ReadonlyMap<number, readonly number[]>;
  /** Adds rows up to a multiple of this number, for speed on GPUs. Default 1. */
  padToMultipleOf?: number;
}

/**
 * A view of a model for a vocabulary of at least `vocabularySize` tokens, as transformers' `resize_token_embeddings` gives it,
 * but that no row is taken away: Qwen2.5 has 271 to spare. Tables grow in float32, whatever form the model holds its own
 * in, so that they can be trained.
 *
 * The blocks' weights stay the model's and are not copied; the view takes 4 bytes for each number of its table, and of
 * its head where that is not tied. The model stays as it is. Dispose the view before it. All weights of a view cannot be trained:
 * train an adapter that carries the tables, or save the view and load that.
 *
 * @throws {RangeError} when a number is no positive integer, or `pieces` names a token outside the new vocabulary or
 *   pieces outside the old one
 */
export async function resizeEmbeddings(
  model: CausalLM,
  vocabularySize: number,
  { pieces = new Map(), padToMultipleOf = 1 }: ResizeOptions = {},
): Promise<CausalLM> {
  for (const [name, value] of Object.entries({ vocabularySize, padToMultipleOf })) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`${name}: expected a positive integer, got ${value}`);
    }
  }
  const old = model.config.vocabSize;
  const vocabSize = Math.max(old, Math.ceil(vocabularySize / padToMultipleOf) * padToMultipleOf);
  for (const [id, from] of pieces) {
    if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
      throw new RangeError(`pieces of token ${id}: the vocabulary will have ${vocabSize} tokens`);
    }
    const unknown = from.find((piece) => !(Number.isInteger(piece) && piece >= 0 && piece < old));
    if (from.length > 0 && unknown === undefined) continue;
    throw new RangeError(`pieces of token ${id}: expected ids from 0 to ${old - 1}, got ${unknown ?? "none"}`);
  }
  const tables = new Map<string, DeviceTensor>();
  try {
    for (const name of tableNames(model.config)) {
      const numbers = grown(await model.readWeight(name), model.config.hiddenSize, vocabSize, pieces);
      tables.set(name, await model.engine.store(numbers, [vocabSize, model.config.hiddenSize]));
    }
  } catch (error) {
    tables.forEach((tensor) => tensor.dispose());
    throw error;
  }
  return viewWith(model, { config: { ...model.config, vocabSize }, tables });
}

/** The names of a model's tables. */
export function tableNames({ tieWordEmbeddings }: ModelConfig): string[] {
  return TABLE_MODULES.filter((module) => module === "embed_tokens" || !tieWordEmbeddings).map((module) =>
    TABLE_NAMES[module]
  );
}

/**
 * A model whose blocks are another one's and whose tables, in float32, are given.
 *
 * @param parts.config With its vocabulary.
 * @param parts.lent Of the tables those that are not the view's to free.
 */
export function viewWith(
  model: CausalLM,
  { config, tables, lent = [], tablesOf }: {
    config: ModelConfig;
    tables: ReadonlyMap<string, DeviceTensor>;
    lent?: readonly string[];
    tablesOf?: SharedWeights["tablesOf"];
  },
): CausalLM {
  const { precision, vocabSize, hiddenSize } = model.config;
  const left = new Set(
    tableNames(model.config).flatMap((name) => {
      const shape = [vocabSize, hiddenSize];
      return Object.keys(weightParts(name, shape, weightForm(name, shape, model.config)));
    }),
  );
  const blocks = [...model.weights].filter(([name]) => !left.has(name));
  const own = precision ? { ...config, precision: { ...precision, fullTables: true } } : config;
  const names = new Set([...blocks.map(([name]) => name), ...lent]);
  return new CausalLM(model.engine, own, new Map([...blocks, ...tables]), { names, tablesOf });
}

/** A table's numbers with the rows of new tokens. */
function grown(
  old: Float32Array,
  hidden: number,
  vocabSize: number,
  pieces: ReadonlyMap<number, readonly number[]>,
): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(vocabSize * hidden);
  numbers.set(old);
  const rows = old.length / hidden;
  if (vocabSize > rows) {
    const mean = meanRow(old, hidden, Array.from({ length: rows }, (_, id) => id));
    for (let id = rows; id < vocabSize; id++) numbers.set(mean, id * hidden);
  }
  for (const [id, from] of pieces) numbers.set(meanRow(old, hidden, from), id * hidden);
  return numbers;
}

function meanRow(table: Float32Array, hidden: number, ids: readonly number[]): Float32Array {
  const sum = new Float64Array(hidden);
  for (const id of ids) for (let i = 0; i < hidden; i++) sum[i] += table[id * hidden + i];
  return Float32Array.from(sum, (total) => total / ids.length);
}
