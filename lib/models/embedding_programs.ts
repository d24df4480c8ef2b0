/** The model's beginning: token embeddings, with noise where training asks for it, and the gradient of their table. */
import type { DeviceTensor, Engine, Program } from "../engine/mod.ts";
import { add, Graph, type Tensor } from "../graph/mod.ts";
import { addEmbeddingGradient, embedding, embeddingBackward } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { ProgramCache } from "./program_cache.ts";

type Kind = "plain" | "noisy" | "backward";

/** The embedding's programs for one model, compiled when they are first needed. */
export class EmbeddingPrograms {
  readonly #programs: ProgramCache;
  constructor(engine: Engine, readonly config: ModelConfig) {
    this.#programs = new ProgramCache(engine);
  }

  /**
   * Embeddings [batch, tokens, hidden] of int64 ids [batch, tokens].
   *
   * @param table [vocabulary, hidden]
   * @param noise [batch, tokens, hidden], added to the embeddings; the caller keeps it.
   */
  async forward(table: DeviceTensor, ids: DeviceTensor, noise?: DeviceTensor): Promise<DeviceTensor> {
    const program = await this.#program(noise ? "noisy" : "plain");
    return (await program.run(noise ? { table, ids, noise } : { table, ids })).x;
  }

  /**
   * `tableGradient` [vocabulary, hidden] plus what the table's rows at `ids` contribute. `tableGradient` is used up: on the
   * CPU it is changed in place and returned.
   *
   * @param dx The gradient by the embeddings [batch, tokens, hidden].
   */
  async addGradient(tableGradient: DeviceTensor, ids: DeviceTensor, dx: DeviceTensor): Promise<DeviceTensor> {
    if (tableGradient.data) {
      const [table, rows] = [tableGradient.data as Float32Array, dx.data as Float32Array];
      addEmbeddingGradient(table, ids.data as BigInt64Array, rows);
      return tableGradient;
    }
    const program = await this.#program("backward");
    try {
      return (await program.run({ table: tableGradient, ids, dx })).gradient;
    } finally {
      tableGradient.dispose();
    }
  }

  #program(kind: Kind): Promise<Program> {
    return this.#programs.get(kind, () => this.#graph(kind));
  }

  #graph(kind: Kind): Record<string, Tensor> {
    const { vocabSize, hiddenSize } = this.config;
    const graph = new Graph();
    const table = graph.input("table", [vocabSize, hiddenSize]);
    const ids = graph.input("ids", ["batch", "tokens"], "int64");
    if (kind === "plain") return { x: embedding(table, ids) };
    const hidden = ["batch", "tokens", hiddenSize];
    if (kind === "noisy") return { x: add(embedding(table, ids), graph.input("noise", hidden)) };
    return { gradient: embeddingBackward(table, ids, graph.input("dx", hidden)) };
  }

  /** Frees the programs. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
