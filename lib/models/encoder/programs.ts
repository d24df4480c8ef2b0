/** The encoder's programs: embeddings alone, and loss with all gradients in one go. */
import { type DeviceTensor, type Engine, type Program, ProgramCache } from "../../engine/mod.ts";
import { gradients, Graph, type Tensor } from "../../graph/mod.ts";
import { addEmbeddingGradient, embeddingBackward, infoNce } from "../../kernels/mod.ts";
import { gradientName } from "../block_programs.ts";
import type { EncoderConfig } from "./config.ts";
import { declareEncoderWeights, type EncodedTexts, encodeTexts } from "./encoder_graph.ts";
import { TABLES } from "./weights.ts";

/** The two sides of a contrastive pass, and how the names of their inputs begin. */
export const SIDES = { queries: "queries ", passages: "passages " } as const;

/** The names of the tables in the order of the rows that are read of them. */
const TABLE_KINDS = ["word", "position", "tokenType"] as const;

/** One of the tables that a token's embedding is added up from. */
export type TableKind = (typeof TABLE_KINDS)[number];

/** The output that holds the gradient by the rows that a side reads of a table. */
export function rowsGradientName(side: keyof typeof SIDES, kind: TableKind): string {
  return gradientName(`${SIDES[side]}${kind} rows`);
}

/** Compiled when they are first needed. */
export class EncoderPrograms {
  readonly #programs: ProgramCache;
  constructor(engine: Engine, readonly config: EncoderConfig) {
    this.#programs = new ProgramCache(engine);
  }

  /** Inputs: the weights, and those of `encodeTexts` without a prefix; output `embeddings`. */
  embed(): Promise<Program> {
    return this.#programs.get("embed", () => {
      const graph = new Graph();
      return { embeddings: encodeTexts(graph, this.config, declareEncoderWeights(graph, this.config)).embeddings };
    });
  }

  /**
   * Inputs: the weights; those of `encodeTexts` for each side; `own` and `bias` [queries, passages], `inverseTemperature` [],
   * and `share` [queries], what each query's loss counts. Outputs: `losses` and `isFirst` [queries], the gradients of all
   * weights but the tables as `gradientName` calls them, and those by the rows read of the tables.
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

export function contrastOutputs(config: EncoderConfig, symmetric: boolean): Record<string, Tensor> {
  const graph = new Graph();
  const weights = declareEncoderWeights(graph, config);
  const side = (name: keyof typeof SIDES) =>
    encodeTexts(graph, config, weights, { prefix: SIDES[name], texts: name, tokens: `${name}Tokens` });
  const encoded: Record<keyof typeof SIDES, EncodedTexts> = { queries: side("queries"), passages: side("passages") };
  const pairs = ["queries", "passages"];
  const { losses, isFirst } = infoNce({
    queries: encoded.queries.embeddings,
    passages: encoded.passages.embeddings,
    own: graph.input("own", pairs),
    bias: graph.input("bias", pairs),
    inverseTemperature: graph.input("inverseTemperature", []),
  }, { symmetric });

  const wanted: Record<string, Tensor> = {};
  for (const name of ["queries", "passages"] as const) {
    const { words, positions, tokenType } = encoded[name];
    [words, positions, tokenType].forEach((rows, i) => wanted[rowsGradientName(name, TABLE_KINDS[i])] = rows);
  }
  const tables: readonly string[] = Object.values(TABLES);
  for (const [name, weight] of Object.entries(weights)) {
    if (!tables.includes(name)) wanted[gradientName(name)] = weight;
  }
  const computed = gradients([{ tensor: losses, gradient: graph.input("share", losses.shape) }], Object.values(wanted));
  const named = Object.fromEntries(Object.keys(wanted).map((name, i) => [name, computed[i]]));
  return { losses, isFirst, ...named };
}
