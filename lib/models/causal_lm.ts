/**
 * A causal language model: its weights on an engine, the chain of blocks forward and backward, and its files.
 *
 * The chain is a plain loop over layers. Between forward and backward only each block's input is kept (the block is
 * recomputed), or, where memory allows, the block's residuals.
 */
import type { DeviceTensor, Engine, Program } from "../engine/mod.ts";
import { Graph } from "../graph/mod.ts";
import { addEmbeddingGradient, causalBias, embedding, embeddingBackward, rotaryTables } from "../kernels/mod.ts";
import { adapterFeeds, type AdapterWeights } from "./adapter_weights.ts";
import { BlockPrograms, gradientName, NO_LORA, type Trainable } from "./block_programs.ts";
import type { ModelConfig } from "./config.ts";
import { Head, type HeadGradients, type HeadOutput, type HeadTargets } from "./head.ts";
import { blockWeightShapes, weightShapes } from "./qwen2.ts";

/** Token ids of a batch, padded on the right to one length. All arrays are row-major [batch, tokens]. */
export interface TokenBatch {
  batch: number;
  tokens: number;
  ids: BigInt64Array;
  /** Position of each token in its own document, from 0. */
  positions: BigInt64Array;
  /** Which document of its row a token belongs to, from 0; -1 for padding. Tokens see only their own document. */
  documents: Int32Array;
}

/** How to run a forward pass. */
export interface ForwardOptions {
  /** The adapter to apply; null or absent: the base model alone. */
  adapter?: AdapterWeights | null;
  /** What to keep for a backward pass. Default `"nothing"`. */
  keep?: "nothing" | "inputs" | "residuals";
  /** What the backward will compute gradients for; needed with `keep`. */
  trainable?: Trainable;
}

/** A forward pass: the last hidden state, and what its backward needs. */
export interface ForwardPass {
  /** [batch, tokens, hidden], before the final norm. */
  hidden: DeviceTensor;
  batch: TokenBatch;
  options: Required<ForwardOptions>;
  /** This batch's feeds that all layers share; let go with the backward, or at once when nothing is kept. */
  shared: Record<string, DeviceTensor>;
  /** What was kept of each layer, by the names that its backward program takes. */
  kept: Record<string, DeviceTensor>[];
}

/** Called with each gradient as soon as it is known; the receiver owns the tensor. */
export type GradientSink = (name: string, gradient: DeviceTensor) => void | Promise<void>;

/** A model ready to run. Make one with `loadModel` or `createModel`. */
export class CausalLM {
  readonly head: Head;
  readonly blocks: BlockPrograms;
  #embed: Promise<{ forward: Program; backward: Program }> | null = null;
  #rotary: Promise<{ cos: DeviceTensor; sin: DeviceTensor }> | null = null;

  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    /** Weights by their names in the checkpoint. */
    readonly weights: Map<string, DeviceTensor>,
  ) {
    this.head = new Head(engine, config);
    this.blocks = new BlockPrograms(engine, config);
  }

  /** The number of weights, tied ones counted once. */
  get parameterCount(): number {
    return Object.values(weightShapes(this.config)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
  }

  /** A weight by its checkpoint name. */
  weight(name: string): DeviceTensor {
    const tensor = this.weights.get(name);
    if (!tensor) throw new Error(`the model has no weight "${name}"`);
    return tensor;
  }

  /** The final norm's weight and the vocabulary head's (the embedding where they are tied). */
  headWeights(): { norm: DeviceTensor; head: DeviceTensor } {
    const head = this.config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
    return { norm: this.weight("model.norm.weight"), head: this.weight(head) };
  }

  /** One layer's weights by their names inside the block. */
  layerWeights(layer: number): Record<string, DeviceTensor> {
    const names = Object.keys(blockWeightShapes(this.config));
    return Object.fromEntries(names.map((name) => [name, this.weight(`model.layers.${layer}.${name}`)]));
  }

  /** Rotary tables for all positions of the model, computed once. */
  rotaryTables(): Promise<{ cos: DeviceTensor; sin: DeviceTensor }> {
    this.#rotary ??= (async () => {
      const { maxPositions, headDim, ropeTheta } = this.config;
      const { cos, sin } = rotaryTables(maxPositions, headDim, ropeTheta);
      const shape = [maxPositions, headDim / 2];
      return { cos: await this.engine.store(cos, shape), sin: await this.engine.store(sin, shape) };
    })();
    return this.#rotary;
  }

  /**
   * Runs the blocks over a batch.
   *
   * @throws When a row is longer than the model reads, or a token id or position is outside its tables; the message names
   *   the row.
   */
  async forward(batch: TokenBatch, options: ForwardOptions = {}): Promise<ForwardPass> {
    const { adapter = null, keep = "nothing", trainable = "none" } = options;
    const { batch: rows, tokens } = batch;
    checkTokenBatch(batch, this.config);
    const tables = await this.rotaryTables();
    const shared: Record<string, DeviceTensor> = {
      ids: this.engine.upload(batch.ids, [rows, tokens]),
      positions: this.engine.upload(batch.positions, [rows, tokens]),
      bias: this.engine.upload(causalBias(batch.documents, rows, tokens), [rows, 1, 1, tokens, tokens]),
    };
    if (adapter) shared.scaling = this.engine.upload(Float32Array.of(adapter.scaling), []);
    const compiled = await this.blocks.get({
      lora: adapter ?? NO_LORA,
      trainable,
      residuals: keep === "residuals",
    });
    const kept: Record<string, DeviceTensor>[] = [];
    const embed = await this.#embedding();
    let { x } = await embed.forward.run({ table: this.weight("model.embed_tokens.weight"), ids: shared.ids });
    for (let layer = 0; layer < this.config.layers; layer++) {
      const feeds = { x, ...tables, ...shared, ...this.layerWeights(layer), ...adapterFeeds(adapter, layer) };
      const { y, ...residuals } = await compiled.forward.run(feeds);
      if (keep === "nothing") x.dispose();
      else kept.push({ x, ...residuals });
      x = y;
    }
    if (keep === "nothing") Object.values(shared).forEach((tensor) => tensor.dispose());
    return { hidden: x, batch, options: { adapter, keep, trainable }, shared, kept };
  }

  /** Log-probabilities at chosen positions of a forward pass. */
  async logProbs(pass: ForwardPass, wanted: HeadTargets): Promise<HeadOutput> {
    return await this.head.logProbs(pass.hidden, this.headWeights(), wanted);
  }

  /**
   * The backward pass: from the loss's gradient by each log-probability to gradients of everything trainable, given to
   * `sink` by weight name (`model.layers.0.mlp.up_proj.weight`, or `...up_proj.lora_A` for an adapter's factors).
   *
   * The pass is used up: what it kept is freed on the way.
   */
  async backward(
    pass: ForwardPass,
    wanted: HeadTargets,
    coefficients: Float32Array,
    sink: GradientSink,
  ): Promise<HeadOutput> {
    const { adapter, keep, trainable } = pass.options;
    if (keep === "nothing") throw new Error('backward: run the forward pass with keep: "inputs" or "residuals"');
    const all = trainable === "all";
    const result = await this.head.backward(pass.hidden, this.headWeights(), wanted, coefficients, all);
    const { gradients, ...output } = result;
    pass.hidden.dispose();
    const compiled = await this.blocks.get({
      lora: adapter ?? NO_LORA,
      trainable,
      residuals: keep === "residuals",
    });
    const tables = await this.rotaryTables();
    let dy = gradients.hidden;
    for (let layer = this.config.layers - 1; layer >= 0; layer--) {
      const feeds = { ...pass.kept[layer], ...tables, ...pass.shared, dy };
      const { dx, ...others } = await compiled.backward.run({
        ...feeds,
        ...this.layerWeights(layer),
        ...adapterFeeds(adapter, layer),
      });
      Object.values(pass.kept[layer]).forEach((tensor) => tensor.dispose());
      pass.kept[layer] = {};
      dy.dispose();
      dy = dx;
      for (const [name, gradient] of Object.entries(others)) {
        await sink(`model.layers.${layer}.${name.slice(gradientName("").length)}`, gradient);
      }
    }
    if (all) await this.#embeddingGradients(pass, dy, gradients, sink);
    dy.dispose();
    Object.values(pass.shared).forEach((tensor) => tensor.dispose());
    return output;
  }

  async #embeddingGradients(pass: ForwardPass, dx: DeviceTensor, head: HeadGradients, sink: GradientSink) {
    const { vocabSize, hiddenSize, tieWordEmbeddings } = this.config;
    await sink("model.norm.weight", head.norm!);
    if (!tieWordEmbeddings) await sink("lm_head.weight", head.weight!);
    // Tied weights have one gradient: the embedding's part is added to the head's.
    const table = tieWordEmbeddings ? head.weight! : this.engine.zeros([vocabSize, hiddenSize]);
    if (table.data) {
      addEmbeddingGradient(table.data as Float32Array, pass.batch.ids, dx.data as Float32Array);
      await sink("model.embed_tokens.weight", table);
      return;
    }
    const embed = await this.#embedding();
    const { gradient } = await embed.backward.run({ table, ids: pass.shared.ids, dx });
    table.dispose();
    await sink("model.embed_tokens.weight", gradient);
  }

  #embedding(): Promise<{ forward: Program; backward: Program }> {
    this.#embed ??= (async () => {
      const { vocabSize, hiddenSize } = this.config;
      const inputs = (graph: Graph) => ({
        table: graph.input("table", [vocabSize, hiddenSize]),
        ids: graph.input("ids", ["batch", "tokens"], "int64"),
      });
      const first = inputs(new Graph());
      const graph = new Graph();
      const second = inputs(graph);
      const dx = graph.input("dx", ["batch", "tokens", hiddenSize]);
      return {
        forward: await this.engine.compile({ outputs: { x: embedding(first.table, first.ids) } }),
        backward: await this.engine.compile({
          outputs: { gradient: embeddingBackward(second.table, second.ids, dx) },
        }),
      };
    })();
    return this.#embed;
  }

  /** Frees programs, tables and weights. */
  async dispose(): Promise<void> {
    await this.head.dispose();
    await this.blocks.dispose();
    if (this.#embed) {
      const { forward, backward } = await this.#embed;
      await forward.dispose();
      await backward.dispose();
      this.#embed = null;
    }
    if (this.#rotary) Object.values(await this.#rotary).forEach((table) => table.dispose());
    this.#rotary = null;
    for (const tensor of this.weights.values()) tensor.dispose();
    this.weights.clear();
  }
}

/** Finds what would be read outside the embedding or the rotary tables: not every device notices that. */
function checkTokenBatch({ batch, tokens, ids, positions }: TokenBatch, config: ModelConfig): void {
  if (batch < 1 || tokens < 1) {
    throw new Error(`a batch of ${batch} rows of ${tokens} tokens: expected at least one token`);
  }
  if (tokens > config.maxPositions) {
    throw new Error(`a row of ${tokens} tokens: the model reads at most ${config.maxPositions}`);
  }
  const [vocabulary, places] = [BigInt(config.vocabSize), BigInt(config.maxPositions)];
  for (let at = 0; at < ids.length; at++) {
    const where = () => `row ${Math.floor(at / tokens)}, token ${at % tokens}`;
    if (ids[at] < 0n || ids[at] >= vocabulary) {
      throw new Error(`${where()}: id ${ids[at]} is outside the model's vocabulary of ${vocabulary}`);
    }
    if (positions[at] < 0n || positions[at] >= places) {
      throw new Error(`${where()}: position ${positions[at]} is outside the model's ${places} positions`);
    }
  }
}
