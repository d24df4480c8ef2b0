/**
 * The chain of a model's blocks, forward and backward: a plain loop over layers, from the token embeddings to the last hidden
 * state and back. Between the two only each block's input is kept (the block is recomputed), or, where memory allows, the
 * block's residuals.
 */
import type { DeviceTensor, Engine, Program } from "../engine/mod.ts";
import { causalBias } from "../kernels/mod.ts";
import { adapterFeeds, type AdapterWeights } from "./adapter_weights.ts";
import { type BlockPrograms, type CompiledBlock, NO_LORA } from "./block_programs.ts";
import type { ModelConfig } from "./config.ts";
import { EmbeddingPrograms } from "./embedding_programs.ts";
import { blockWeightShapes } from "./families.ts";
import {
  disposeAll,
  type ForwardOptions,
  type ForwardPass,
  giveGradients,
  type GradientSink,
  gradientsOf,
} from "./forward_pass.ts";
import type { HeadGradients } from "./head.ts";
import { type ModelTables, trainedAround } from "./model_tables.ts";
import { weightFeeds } from "./precision.ts";
import type { RotaryCache } from "./rotary_cache.ts";
import { checkNoise, positionsIn, type TokenBatch } from "./token_batch.ts";

/** One model's chain. Programs of blocks, rotary tables and the tables around the blocks are the model's. */
export class BlockChain {
  readonly #embedding: EmbeddingPrograms;

  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    readonly weights: ReadonlyMap<string, DeviceTensor>,
    readonly parts: { blocks: BlockPrograms; rotary: RotaryCache; tables: ModelTables },
  ) {
    this.#embedding = new EmbeddingPrograms(engine, config);
  }

  /** One layer's weights by their names inside the block. */
  layerWeights(layer: number): Record<string, DeviceTensor> {
    const names = Object.keys(blockWeightShapes(this.config));
    return Object.assign({}, ...names.map((name) => weightFeeds(this.weights, `model.layers.${layer}.${name}`, name)));
  }

  /** Runs the first `count` blocks over a batch that was checked. What is kept is one entry for each. */
  async forward(batch: TokenBatch, options: ForwardOptions, count: number): Promise<ForwardPass> {
    const { adapter = null, keep = "nothing", trainable = "none", embeddingNoise = null } = options;
    const { residualLayers = this.config.layers } = options;
    const { batch: rows, tokens } = batch;
    if (embeddingNoise) checkNoise(embeddingNoise, batch, this.config);
    const tables = await this.parts.rotary.covering(positionsIn(batch));
    const shared: Record<string, DeviceTensor> = {
      ids: this.engine.upload(batch.ids, [rows, tokens]),
      positions: this.engine.upload(batch.positions, [rows, tokens]),
      bias: this.engine.upload(causalBias(batch.documents, rows, tokens), [rows, 1, 1, tokens, tokens]),
    };
    if (adapter) shared.scaling = this.engine.upload(Float32Array.of(adapter.scaling), []);
    const passOptions = { adapter, keep, trainable, residualLayers };
    const kept: Record<string, DeviceTensor>[] = [];
    let x: DeviceTensor | null = null;
    try {
      x = await this.#embed(adapter, shared.ids, embeddingNoise);
      for (let layer = 0; layer < count; layer++) {
        const forward = await this.#blockProgram("forward", layer, passOptions);
        const feeds = { x, ...tables, ...shared, ...this.layerWeights(layer), ...adapterFeeds(adapter, layer) };
        const { y, ...residuals }: Record<string, DeviceTensor> = await forward.run(feeds);
        if (keep === "nothing") x.dispose();
        else kept.push({ x, ...residuals });
        x = y;
      }
    } catch (error) {
      disposeAll({ ...shared, x });
      kept.forEach(disposeAll);
      throw error;
    }
    if (keep === "nothing") disposeAll(shared);
    return { hidden: x, batch, options: passOptions, shared, kept };
  }

  #blockProgram(part: keyof CompiledBlock, layer: number, options: ForwardPass["options"]): Promise<Program> {
    const { adapter, keep, trainable, residualLayers } = options;
    const residuals = keep === "residuals" && layer >= this.config.layers - residualLayers;
    return this.parts.blocks.program({ lora: adapter ?? NO_LORA, trainable, residuals }, part);
  }

  async #embed(adapter: AdapterWeights | null, ids: DeviceTensor, noise: Float32Array | null): Promise<DeviceTensor> {
    const added = noise ? this.engine.upload(noise, [...ids.shape, this.config.hiddenSize]) : undefined;
    try {
      return await this.parts.tables.withEmbedding(adapter, (table) => this.#embedding.forward(table, ids, added));
    } finally {
      added?.dispose();
    }
  }

  /** The backward pass of the blocks that were run one by one, and of the embedding; frees what the head gave. */
  async backward(
    pass: ForwardPass,
    above: Omit<HeadGradients, "hidden"> & { hidden: DeviceTensor | null },
    sink: GradientSink,
  ): Promise<void> {
    const { adapter, trainable } = pass.options;
    const tables = await this.parts.rotary.covering(positionsIn(pass.batch));
    let dy = above.hidden;
    let ofHead: Record<string, DeviceTensor | null> = { norm: above.norm, weight: above.weight };
    try {
      for (let layer = pass.kept.length - 1; layer >= 0; layer--) {
        const backward = await this.#blockProgram("backward", layer, pass.options);
        const feeds = { ...pass.kept[layer], ...tables, ...pass.shared, dy: dy! };
        const { dx, ...others }: Record<string, DeviceTensor> = await backward.run({
          ...feeds,
          ...this.layerWeights(layer),
          ...adapterFeeds(adapter, layer),
        });
        disposeAll(pass.kept[layer]);
        pass.kept[layer] = {};
        dy!.dispose();
        dy = dx;
        await giveGradients(gradientsOf(others, `model.layers.${layer}.`), sink);
      }
      const { norm, head, embedding } = trainedAround(trainable, adapter, this.config);
      if (!norm && !head && !embedding) return;
      const last = await this.parts.tables.gradients(
        pass.options,
        this.#embedding,
        { ids: pass.shared.ids, dx: dy! },
        above,
      );
      ofHead = {}; // the sink's from here on
      await giveGradients(last, sink);
    } finally {
      disposeAll({ dy, ...ofHead });
    }
  }

  /** Frees its own programs. */
  async dispose(): Promise<void> {
    await this.#embedding.dispose();
  }
}
