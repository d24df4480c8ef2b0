/** The model's beginning: token embeddings, with noise where training asks for it, and the gradient of their table. */
import { type DeviceTensor, type Engine, type Program, ProgramCache } from "../engine/mod.ts";
import { add, Graph, type Tensor } from "../graph/mod.ts";
import { addEmbeddingGradient, embedding, embeddingBackward } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { declareWeight, weightForm } from "./precision.ts";

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
   * @param table [vocabulary, hidden] as `table`, with its parts.
   * @param noise [batch, tokens, hidden], added to the embeddings; the caller keeps it.
   */
  async forward(
    table: Record<string, DeviceTensor>,
    ids: DeviceTensor,
    noise?: DeviceTensor,
  ): Promise<DeviceTensor> {
    const program = await this.#program(noise ? "noisy" : "plain");
    return (await program.run(noise ? { ...table, ids, noise } : { ...table, ids })).x;
  }

  /**
   * `tableGradient` [vocabulary, hidden] plus what the table's rows at `ids` contribute. `tableGradient` is used up: on the
   * CPU it is changed in place and returned.
   *
   * @param dx The gradient by the embeddings [batch, tokens, hidden].
   */
  async addGradient(tableGradient: DeviceTensor, ids: DeviceTensor, dx: DeviceTensor): Promise<DeviceTensor> {
    // Zeros may lie in this process's memory though the rest of the pass is on a device.
    if (tableGradient.data && dx.data) {
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
    const ids = graph.input("ids", ["batch", "tokens"], "int64");
    const hidden = ["batch", "tokens", hiddenSize];
    const shape = [vocabSize, hiddenSize];
    if (kind === "backward") {
      return { gradient: embeddingBackward(graph.input("table", shape), ids, graph.input("dx", hidden)) };
    }
    const table = declareWeight(graph, "table", shape, weightForm("model.embed_tokens.weight", shape, this.config));
    const x = embedding(table, ids);
    return { x: kind === "noisy" ? add(x, graph.input("noise", hidden)) : x };
  }

  /** Frees the programs. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
