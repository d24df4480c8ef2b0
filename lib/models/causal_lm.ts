/**
 * A causal language model: its weights on an engine, and its passes forward and backward.
 *
 * Blocks run one by one in a chain. Where memory allows their residuals are kept: on a GPU as tensors, on the CPU inside one
 * program that runs the last layers forward and backward.
 */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import type { AdapterWeights } from "./adapter_weights.ts";
import { BlockChain } from "./block_chain.ts";
import { BlockPrograms, NO_LORA } from "./block_programs.ts";
import type { ModelConfig } from "./config.ts";
import { parameterCount, weightShapes } from "./families.ts";
import {
  disposeAll,
  disposePass,
  type ForwardOptions,
  type ForwardPass,
  giveGradients,
  type GradientSink,
  gradientsOf,
  type TrainingPassOptions,
} from "./forward_pass.ts";
import { FusedPrograms, type FusedVariant, headFeeds, readHeadOutput } from "./fused_program.ts";
import { Head, type HeadOutput } from "./head.ts";
import { checkHeadTargets, type HeadTargets } from "./head_targets.ts";
import { ModelTables, trainedAround } from "./model_tables.ts";
import { FULL_PRECISION, readWeight, weightForm } from "./precision.ts";
import { RotaryCache, type RotaryTables } from "./rotary_cache.ts";
import { checkTokenBatch, positionsIn, type TokenBatch } from "./token_batch.ts";

/** What a model that is a view of another one shares with it. */
export interface SharedWeights {
  /** Names of the weights that are the other model's, or an adapter's, to free. */
  readonly names: Set<string>;
  /** The adapter whose tables it has in the place of the other model's. */
  readonly tablesOf?: AdapterWeights;
}

/** A model ready to run. Make one with `loadModel` or `createModel`. */
export class CausalLM {
  readonly head: Head;
  readonly blocks: BlockPrograms;
  readonly #chain: BlockChain;
  readonly #fused: FusedPrograms;
  readonly #rotary: RotaryCache;
  readonly #tables: ModelTables;

  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    /** Weights by their names in the checkpoint; those of few bits have `NAME.scales` and perhaps `NAME.zeroPoints` beside them. */
    readonly weights: Map<string, DeviceTensor>,
    /** Absent: all weights are its own. */
    readonly shared?: SharedWeights,
  ) {
    this.head = new Head(engine, config);
    this.blocks = new BlockPrograms(engine, config);
    this.#fused = new FusedPrograms(engine, config);
    this.#rotary = new RotaryCache(engine, config);
    this.#tables = new ModelTables(engine, config, weights);
    const parts = { blocks: this.blocks, rotary: this.#rotary, tables: this.#tables };
    this.#chain = new BlockChain(engine, config, weights, parts);
  }

  /** The number of weights, tied ones counted once. */
  get parameterCount(): number {
    return parameterCount(this.config);
  }

  /** A weight by its checkpoint name. */
  weight(name: string): DeviceTensor {
    const tensor = this.weights.get(name);
    if (!tensor) throw new Error(`the model has no weight "${name}"`);
    return tensor;
  }

  /** Runs something with the final norm's weight and, in float32, the vocabulary head's, or that of an adapter that carries one. */
  async withHead<T>(
    run: (weights: { norm: DeviceTensor; head: DeviceTensor }) => Promise<T>,
    adapter: AdapterWeights | null = null,
  ): Promise<T> {
    this.#tables.check(adapter);
    return await this.#tables.withHead(adapter, (head) => run({ norm: this.weight("model.norm.weight"), head }));
  }

  /** Throws when an adapter carries tables that cannot take the place of this model's. */
  checkTables(adapter: AdapterWeights | null): void {
    this.#tables.check(adapter);
  }

  /** Puts a tensor in the place of a weight; the model owns it from here on, and frees the old one if that was its own. */
  replaceWeight(name: string, tensor: DeviceTensor): void {
    if (!this.shared?.names.delete(name)) this.weight(name).dispose();
    this.weights.set(name, tensor);
  }

  /** One layer's weights by their names inside the block. */
  layerWeights(layer: number): Record<string, DeviceTensor> {
    return this.#chain.layerWeights(layer);
  }

  /** A weight's numbers in float32, whatever form it is held in. On the CPU float32 weights are not copied. */
  async readWeight(name: string): Promise<Float32Array> {
    const shape = weightShapes(this.config)[name];
    return await readWeight(this.engine, this.weights, name, shape, weightForm(name, shape, this.config));
  }

  /** Throws where the weights are held in less than float32, naming what cannot be done then. */
  needFullPrecision(what: string): void {
    const { weights } = this.config.precision ?? FULL_PRECISION;
    if (weights === "float32") return;
    throw new Error(
      `${what} needs weights in float32, and this model holds them in ${weights}: load it without \`precision\``,
    );
  }

  #needOwnWeights(): void {
    this.needFullPrecision("training without an adapter");
    if (!this.shared) return;
    throw new Error(
      "training without an adapter changes the weights that this model shares with another one: write it with " +
        "saveModel(), and load that",
    );
  }

  /** Rotary tables that cover at least positions 0 to `positions` - 1, where the model has as many. */
  rotaryTables(positions: number): Promise<RotaryTables> {
    return this.#rotary.covering(positions);
  }

  /**
   * Runs the blocks over a batch.
   *
   * @throws When a row is longer than the model reads, or a token id or position is outside its tables; the message names
   *   the row.
   */
  async forward(batch: TokenBatch, options: ForwardOptions = {}): Promise<ForwardPass> {
    return await this.#run(batch, options, this.config.layers);
  }

  async #run(batch: TokenBatch, options: ForwardOptions, blocks: number): Promise<ForwardPass> {
    checkTokenBatch(batch, this.config);
    this.#tables.check(options.adapter ?? null);
    if (options.trainable === "all") this.#needOwnWeights();
    return await this.#chain.forward(batch, options, blocks);
  }

  /**
   * What a forward pass keeps where its log-probabilities are needed before the backward can begin, so that
   * `forwardBackward` cannot be used: on the CPU inputs, since handing out residuals takes longer than computing them.
   */
  keeping(residualLayers: number): Pick<ForwardOptions, "keep" | "residualLayers"> {
    return { keep: residualLayers === 0 || this.engine.sharesMemory ? "inputs" : "residuals", residualLayers };
  }

  /** Log-probabilities at chosen positions of a forward pass. */
  async logProbs(pass: ForwardPass, wanted: HeadTargets): Promise<HeadOutput> {
    return await this.withHead((weights) => this.head.logProbs(pass.hidden, weights, wanted), pass.options.adapter);
  }

  /**
   * The backward pass: from the loss's gradient by each log-probability to gradients of everything trainable, given to
   * `sink` by weight name (`model.layers.0.mlp.up_proj.weight`, or `...up_proj.lora_A` for an adapter's factors).
   *
   * The pass is used up, also when this throws: what it kept is freed on the way.
   */
  async backward(
    pass: ForwardPass,
    wanted: HeadTargets,
    coefficients: Float32Array,
    sink: GradientSink,
  ): Promise<HeadOutput> {
    const { keep, trainable, adapter } = pass.options;
    if (keep === "nothing") throw new Error('backward: run the forward pass with keep: "inputs" or "residuals"');
    const { norm, head } = trainedAround(trainable, adapter, this.config);
    const trained = norm || (head && "head");
    try {
      const result = await this.withHead(
        (weights) => this.head.backward(pass.hidden, weights, wanted, coefficients, trained),
        adapter,
      );
      const { gradients, ...output } = result;
      pass.hidden.dispose();
      await this.#chain.backward(pass, gradients, sink);
      return output;
    } finally {
      disposePass(pass);
    }
  }

  /**
   * The backward pass from the loss's gradient by the last hidden state, for a head of one's own. Only an adapter is trained so: of
   * the model's norm and head the pass knows nothing. Gradients go to `sink` as in `backward`; the pass and the gradient
   * are used up, also when this throws.
   *
   * @param hidden [batch, tokens, hidden]
   */
  async backwardFrom(pass: ForwardPass, hidden: DeviceTensor, sink: GradientSink): Promise<void> {
    try {
      if (pass.options.keep === "nothing" || pass.options.trainable !== "lora") {
        hidden.dispose();
        throw new Error('backwardFrom: run the forward pass with trainable: "lora" and keep: "inputs" or "residuals"');
      }
      pass.hidden.dispose();
      await this.#chain.backward(pass, { hidden, norm: null, weight: null }, sink);
    } finally {
      disposePass(pass);
    }
  }

  /**
   * A forward and a backward pass where the loss's gradient by each score is known beforehand: the fastest way, since
   * the last layers can keep what their backward needs. `coefficients` and `sink` are those of `backward`.
   */
  async forwardBackward(
    batch: TokenBatch,
    wanted: HeadTargets,
    coefficients: Float32Array,
    sink: GradientSink,
    options: TrainingPassOptions = {},
  ): Promise<HeadOutput> {
    const { layers } = this.config;
    const { residualLayers = 0, trainable = "none", adapter = null } = options;
    if (!Number.isInteger(residualLayers) || residualLayers < 0 || residualLayers > layers) {
      throw new RangeError(`residualLayers: expected a whole number from 0 to ${layers}, got ${residualLayers}`);
    }
    if (residualLayers === 0 || trainable === "none" || !this.engine.sharesMemory) {
      const pass = await this.forward(batch, { ...options, ...this.keeping(residualLayers) });
      return await this.backward(pass, wanted, coefficients, sink);
    }
    checkHeadTargets(wanted, batch, this.config, coefficients);
    const around = trainedAround(trainable, adapter, this.config);
    const variant = {
      layers: residualLayers,
      lora: adapter ?? NO_LORA,
      trainable,
      around,
      objective: wanted.objective,
    };
    const pass = await this.#run(batch, { ...options, keep: "inputs" }, layers - residualLayers);
    try {
      const results = await this.#runFused(variant, pass, wanted, coefficients);
      const output = await readHeadOutput(this.engine, results);
      const { dx = null, dNorm = null, dHead = null, ...others } = results;
      try {
        await giveGradients(gradientsOf(others), sink);
      } catch (error) {
        disposeAll({ dx, dNorm, dHead });
        throw error;
      }
      await this.#chain.backward(pass, { hidden: dx, norm: dNorm, weight: dHead }, sink);
      return output;
    } finally {
      disposePass(pass);
    }
  }

  async #runFused(
    variant: FusedVariant,
    pass: ForwardPass,
    wanted: HeadTargets,
    coefficients: Float32Array,
  ): Promise<Record<string, DeviceTensor>> {
    const feeds = headFeeds(this.engine, wanted, coefficients, pass.batch);
    const tables = await this.rotaryTables(positionsIn(pass.batch));
    const factors = Object.fromEntries(pass.options.adapter?.factors ?? []);
    const inputs = { ...factors, ...tables, ...pass.shared, ...feeds, x: pass.hidden };
    // Training an adapter leaves the base as it is, which then need not be copied to the device for each pass.
    const frozen = this.engine.copiesFeeds && variant.trainable === "lora";
    try {
      return await this.withHead(({ norm, head }) => {
        const [own, base] = [{ ...inputs, head }, { ...Object.fromEntries(this.weights), norm }];
        if (!frozen) return this.#fused.run(variant, { ...base, ...own });
        // A head that is trained is another one at each step.
        return variant.around?.head
          ? this.#fused.run(variant, own, base)
          : this.#fused.run(variant, inputs, { ...base, head });
      }, pass.options.adapter);
    } finally {
      disposeAll({ ...feeds, x: pass.hidden });
    }
  }

  /** Frees programs, tables and weights. */
  async dispose(): Promise<void> {
    await this.head.dispose();
    await this.blocks.dispose();
    await this.#fused.dispose();
    await this.#chain.dispose();
    await this.#rotary.dispose();
    await this.#tables.dispose();
    for (const [name, tensor] of this.weights) if (!this.shared?.names.has(name)) tensor.dispose();
    this.weights.clear();
  }
}
