/**
 * What stands around a model's blocks: the token table before them and the vocabulary head after them, those of the model
 * or those that an adapter carries, and the gradients of both.
 */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import type { AdapterWeights } from "./adapter_weights.ts";
import type { Trainable } from "./block_programs.ts";
import { carriedTables, carriesTables, checkCarriedTables, TABLE_NAMES } from "./carried_tables.ts";
import type { ModelConfig } from "./config.ts";
import type { EmbeddingPrograms } from "./embedding_programs.ts";
import { disposeAll } from "./forward_pass.ts";
import type { HeadGradients } from "./head.ts";
import { weightFeeds } from "./precision.ts";
import { TableRows } from "./table_rows.ts";
import { headName, WideHead } from "./wide_head.ts";

/** Which weights around the blocks a pass computes gradients for. */
export interface TrainedAround {
  norm: boolean;
  head: boolean;
  embedding: boolean;
}

/** Says it of a pass. */
export function trainedAround(
  trainable: Trainable,
  adapter: AdapterWeights | null,
  config: ModelConfig,
): TrainedAround {
  if (trainable !== "lora") {
    return { norm: trainable === "all", head: trainable === "all", embedding: trainable === "all" };
  }
  const { embedding, head } = carriedTables(adapter, config);
  return { norm: false, head: head !== null, embedding: embedding !== null };
}

/** One model's tables. */
export class ModelTables {
  readonly #wideHead: WideHead;
  readonly #rows: TableRows;

  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    readonly weights: ReadonlyMap<string, DeviceTensor>,
  ) {
    this.#wideHead = new WideHead(engine, config, weights);
    this.#rows = new TableRows(engine);
  }

  /** Throws when an adapter carries tables that cannot take the place of this model's. */
  check(adapter: AdapterWeights | null): void {
    if (!carriesTables(adapter)) return;
    const own = [TABLE_NAMES.embed_tokens, headName(this.config)].map((name) => this.weights.get(name)!);
    checkCarriedTables(adapter, this.config, own);
  }

  /** Runs something with the token table as `table`, with its parts. */
  async withEmbedding<T>(
    adapter: AdapterWeights | null,
    run: (table: Record<string, DeviceTensor>) => Promise<T>,
  ): Promise<T> {
    const own = weightFeeds(this.weights, TABLE_NAMES.embed_tokens, "table");
    const { embedding } = carriedTables(adapter, this.config);
    if (embedding === null) return await run(own);
    return await this.#withCarried(adapter!, embedding, own.table, (table) => run({ table }));
  }

  /** Runs something with the head's weight [vocabulary, hidden] in float32. */
  async withHead<T>(adapter: AdapterWeights | null, run: (head: DeviceTensor) => Promise<T>): Promise<T> {
    const { head } = carriedTables(adapter, this.config);
    if (head === null) return await this.#wideHead.use(run);
    return await this.#withCarried(adapter!, head, this.weights.get(headName(this.config))!, run);
  }

  async #withCarried<T>(
    { factors, trainableTokenIndices }: AdapterWeights,
    name: string,
    own: DeviceTensor,
    run: (table: DeviceTensor) => Promise<T>,
  ): Promise<T> {
    const carried = factors.get(name)!;
    if (!trainableTokenIndices) return await run(carried);
    const table = await this.#rows.inPlace(own, carried, trainableTokenIndices);
    try {
      return await run(table);
    } finally {
      table.dispose();
    }
  }

  /**
   * Gradients of what is trained around the blocks, by the names of weights, or of factors of the adapter that carries them.
   * Those of the head are handed through.
   *
   * @param ids int64 [batch, tokens]
   * @param dx The gradient by the embeddings [batch, tokens, hidden]; the caller keeps it.
   * @param ofHead Used up.
   */
  async gradients(
    { trainable, adapter }: { trainable: Trainable; adapter: AdapterWeights | null },
    programs: EmbeddingPrograms,
    { ids, dx }: { ids: DeviceTensor; dx: DeviceTensor },
    ofHead: Omit<HeadGradients, "hidden">,
  ): Promise<Record<string, DeviceTensor>> {
    const { vocabSize, hiddenSize } = this.config;
    const names = trainable === "all"
      ? { embedding: TABLE_NAMES.embed_tokens, head: headName(this.config) }
      : carriedTables(adapter, this.config);
    const found: Record<string, DeviceTensor> = {};
    if (ofHead.norm) found["model.norm.weight"] = ofHead.norm;
    if (ofHead.weight && names.head !== null) found[names.head] = ofHead.weight;
    if (names.embedding !== null) {
      // Tied weights have one gradient: the embedding's part is added to the head's.
      const table = found[names.embedding] ?? this.engine.zeros([vocabSize, hiddenSize]);
      found[names.embedding] = await programs.addGradient(table, ids, dx);
    }
    const tokens = trainable === "lora" ? adapter?.trainableTokenIndices : undefined;
    if (!tokens) return found;
    try {
      for (const name of Object.keys(found)) found[name] = await this.#rows.gradientOf(found[name], tokens);
      return found;
    } catch (error) {
      disposeAll(found);
      throw error;
    }
  }

  /** Frees programs and what was made of the weights; they stay. */
  async dispose(): Promise<void> {
    await this.#wideHead.dispose();
    await this.#rows.dispose();
  }
}
