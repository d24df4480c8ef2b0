/** The encoder's programs: embeddings alone, and loss with all gradients in one go. */
import { type DeviceTensor, type Engine, type Program, ProgramCache } from "../../engine/mod.ts";
import { gradients, Graph, type Tensor } from "../../graph/mod.ts";
import { addEmbeddingGradient, embeddingBackward, infoNce } from "../../kernels/mod.ts";
import { gradientName } from "../block_programs.ts";
import type { EncoderConfig } from "./config.ts";
import { declareEncoderWeights, encodeTexts } from "./encoder_graph.ts";
import { TABLE_KINDS, type TableKind, TABLES } from "./weights.ts";

/** The output that holds the gradient by the rows that are read of a table. */
export function rowsGradientName(kind: TableKind): string {
  return `${kind} rows' gradient`;
}

/** Compiled when they are first needed. */
export class EncoderPrograms {
  readonly #programs: ProgramCache;
  constructor(engine: Engine, readonly config: EncoderConfig) {
    this.#programs = new ProgramCache(engine);
  }

  /** Inputs: the weights, those of `encodeTexts`, and `pooling` [texts, rows*tokens]; output `embeddings` [texts, hidden]. */
  embed(): Promise<Program> {
    return this.#programs.get("embed", () => {
      const graph = new Graph();
      const { pool } = encodeTexts(graph, this.config, declareEncoderWeights(graph, this.config));
      return { embeddings: pool(graph.input("pooling", ["texts", "rows*tokens"])) };
    });
  }

  /**
   * Inputs: the weights; those of `encodeTexts`; `queryPooling` [queries, rows*tokens] and `passagePooling` [passages,
   * rows*tokens]; `own` and `pairBias` [queries, passages], `inverseTemperature` [], and `share` [queries], what each query's loss
   * counts. Outputs: `losses` and `isFirst` [queries], the gradients of all weights but the tables as `gradientName` calls them,
   * and those by the rows read of the tables.
   */
  contrast(symmetric: boolean): Promise<Program> {
    return this.#programs.get(`contrast ${symmetric}`, () => contrastOutputs(this.config, symmetric));
  }

  /**
   * `table` plus the gradient by the rows read at `ids`. `table` is used up: in shared memory it is changed in place.
   *
   * @param dx [..., hidden]
   */
  async addRows(table: DeviceTensor, ids: DeviceTensor, dx: DeviceTensor): Promise<DeviceTensor> {
    if (table.data) {
      addEmbeddingGradient(table.data as Float32Array, ids.data as BigInt64Array, dx.data as Float32Array);
      return table;
    }
    const program = await this.#programs.get(`rows ${table.shape} ${ids.shape.length}`, () => {
      const graph = new Graph();
      const axes = ids.shape.map((_, axis) => `size${axis}`);
      const rows = graph.input("dx", [...axes, table.shape[1]]);
      const total = graph.input("table", table.shape);
      return { total: embeddingBackward(total, graph.input("ids", axes, "int64"), rows) };
    });
    const { total } = await program.run({ table, ids, dx });
    table.dispose();
    return total;
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}

function contrastOutputs(config: EncoderConfig, symmetric: boolean): Record<string, Tensor> {
  const graph = new Graph();
  const weights = declareEncoderWeights(graph, config);
  const { tableRows, pool } = encodeTexts(graph, config, weights);
  const pairs = ["queries", "passages"];
  const [queries, passages] = ["queryPooling", "passagePooling"].map((name, side) =>
    pool(graph.input(name, [pairs[side], "rows*tokens"]))
  );
  const { losses, isFirst } = infoNce({
    queries,
    passages,
    own: graph.input("own", pairs),
    bias: graph.input("pairBias", pairs),
    inverseTemperature: graph.input("inverseTemperature", []),
  }, { symmetric });

  const wanted: Record<string, Tensor> = {};
  for (const kind of TABLE_KINDS) wanted[rowsGradientName(kind)] = tableRows[kind];
  const tables: readonly string[] = Object.values(TABLES);
  for (const [name, weight] of Object.entries(weights)) {
    if (!tables.includes(name)) wanted[gradientName(name)] = weight;
  }
  const computed = gradients([{ tensor: losses, gradient: graph.input("share", losses.shape) }], Object.values(wanted));
  const named = Object.fromEntries(Object.keys(wanted).map((name, i) => [name, computed[i]]));
  return { losses, isFirst, ...named };
}
