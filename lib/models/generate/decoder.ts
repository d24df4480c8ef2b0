/** The compiled programs of generation for one model and one shape of adapter. */
import type { DeviceTensor, Program } from "../../engine/mod.ts";
import type { Initializer } from "../../graph/mod.ts";
import type { AdapterWeights } from "../adapter_weights.ts";
import { loraNames, type LoraShape, NO_LORA } from "../block_programs.ts";
import type { CausalLM } from "../causal_lm.ts";
import { linearShape } from "../decoder_block.ts";
import {
  cacheNames,
  HEAD_WEIGHT,
  planSegments,
  type Segment,
  segmentOutputs,
  segmentWeights,
} from "./decode_program.ts";
import type { KvCache } from "./kv_cache.ts";

/** How to compile a decoder. */
export interface DecoderOptions {
  /** The shape of the adapters it will run with: an adapter itself will do. Default: none. */
  adapter?: LoraShape | null;
  /**
   * `"frozen"` (default): the base weights are copied into the programs and laid out for speed, which costs their size in
   * memory once more; a later change of the model's weights is not seen. `"inputs"`: the model's current weights are read
   * at each step, for training that changes them.
   */
  weights?: "frozen" | "inputs";
  /** Frozen weights of one program stay below this many bytes. Default 256 MB. */
  segmentBytes?: number;
}

/** New tokens for every row of a cache. */
export interface DecodeStep {
  /** New tokens a row, padding included. */
  tokens: number;
  /** [rows, tokens], padded on the right with any token. */
  ids: BigInt64Array;
  /** How many of a row's new tokens are real, [rows]. */
  counts: Int32Array;
  /** Where to compute the next token's scores: row * tokens + token. At least one. */
  chosen: BigInt64Array;
}

/** What is known of the next token at each chosen position. */
export interface NextTokenScores {
  /** [chosen, vocabulary] */
  logits: Float32Array;
  /** softmax(logits / temperature), [chosen, vocabulary] */
  probabilities: Float32Array;
  /** [chosen] */
  highestLogit: Float32Array;
  /** [chosen] */
  highestProbability: Float32Array;
}

/** What all steps of a generation share: an adapter's factors, the temperature, and the weights that are not frozen. */
export interface Policy {
  readonly feeds: Readonly<Record<string, DeviceTensor>>;
  dispose(): void;
}

/**
 * Runs a model on new tokens over a cache. Compile one where `generate` is called again and again, and dispose it when
 * done. Frozen weights are those of the moment when it is first used.
 */
export class Decoder {
  readonly lora: LoraShape;
  readonly weights: "frozen" | "inputs";
  readonly #segmentBytes: number;
  #segments: Promise<{ segment: Segment; program: Program }[]> | null = null;

  constructor(readonly model: CausalLM, options: DecoderOptions = {}) {
    const { adapter, weights = "frozen", segmentBytes = 256 * 1024 * 1024 } = options;
    this.lora = adapter ? { modules: [...adapter.modules], r: adapter.r } : NO_LORA;
    this.weights = weights;
    this.#segmentBytes = segmentBytes;
  }

  /** Compiles the programs, if that was not done before. `generate` does it by itself. */
  async prepare(): Promise<void> {
    await this.#compiled();
  }

  /**
   * What the steps of one generation share.
   *
   * @param adapter Null: the base model alone, also where the decoder was made for an adapter.
   * @param temperature Above 0.
   * @throws When the adapter does not have the shape the decoder was made for.
   */
  async policy(adapter: AdapterWeights | null, temperature: number): Promise<Policy> {
    if (adapter) this.#checkAdapter(adapter);
    const { model, model: { engine } } = this;
    const own = adapter ? await this.#scaledFactors(adapter) : await this.#zeroFactors();
    own.inverseTemperature = engine.upload(Float32Array.of(1 / temperature), []);
    const feeds: Record<string, DeviceTensor> = {
      ...Object.fromEntries(model.weights),
      [HEAD_WEIGHT]: model.headWeights().head,
      ...(adapter ? Object.fromEntries(adapter.factors) : {}),
      ...own,
    };
    return { feeds, dispose: () => Object.values(own).forEach((tensor) => tensor.dispose()) };
  }

  /** Runs one step, makes room in the cache and writes the new keys and values into it. */
  async run(policy: Policy, cache: KvCache, step: DecodeStep): Promise<NextTokenScores> {
    const { engine } = this.model;
    const { tokens, counts } = step;
    const rotary = await this.model.rotaryTables(cache.capacity + tokens);
    const temporary = this.#stepFeeds(cache, step);
    const feeds: Record<string, DeviceTensor> = { ...policy.feeds, ...rotary, ...cache.feeds(), ...temporary };
    const outputs: Record<string, DeviceTensor> = {};
    try {
      for (const { segment, program } of await this.#compiled()) {
        Object.assign(outputs, await program.run(feeds));
        feeds.x?.dispose();
        if (!segment.head) feeds.x = outputs.hidden;
      }
    } finally {
      Object.values(temporary).forEach((tensor) => tensor.dispose());
    }
    const numbers = async (name: string) => {
      const data = await engine.read(outputs[name]) as Float32Array;
      outputs[name].dispose();
      return data;
    };

    let longest = 0;
    for (let row = 0; row < cache.rows; row++) longest = Math.max(longest, cache.lengths[row] + counts[row]);
    cache.reserve(longest);
    for (let layer = 0; layer < this.model.config.layers; layer++) {
      const { newKeys, newValues } = cacheNames(layer);
      cache.write(layer, await numbers(newKeys), await numbers(newValues), tokens, counts);
    }
    cache.advance(counts);
    return {
      logits: await numbers("logits"),
      probabilities: await numbers("probabilities"),
      highestLogit: await numbers("highestLogit"),
      highestProbability: await numbers("highestProbability"),
    };
  }

  #stepFeeds(cache: KvCache, { tokens, ids, chosen }: DecodeStep): Record<string, DeviceTensor> {
    const { engine, config: { maxPositions } } = this.model;
    const { rows, capacity, lengths } = cache;
    const positions = new BigInt64Array(rows * tokens);
    for (let row = 0; row < rows; row++) {
      for (let token = 0; token < tokens; token++) {
        // Padding may lie beyond the last position that the model has.
        positions[row * tokens + token] = BigInt(Math.min(lengths[row] + token, maxPositions - 1));
      }
    }
    const feeds: Record<string, DeviceTensor> = {
      ids: engine.upload(ids, [rows, tokens]),
      positions: engine.upload(positions, [rows, tokens]),
      lengths: engine.upload(BigInt64Array.of(BigInt(capacity), BigInt(tokens)), [2]),
      chosen: engine.upload(chosen, [chosen.length]),
    };
    if (tokens > 1) feeds.bias = engine.upload(cache.bias(tokens), [rows, 1, 1, tokens, capacity + tokens]);
    return feeds;
  }

  #compiled(): Promise<{ segment: Segment; program: Program }[]> {
    return this.#segments ??= this.#compile();
  }

  async #compile(): Promise<{ segment: Segment; program: Program }[]> {
    const { model, model: { engine, config } } = this;
    const frozen = this.weights === "frozen";
    const compiled = [];
    for (const segment of planSegments(config, frozen ? this.#segmentBytes : Infinity)) {
      const initializers: Record<string, Initializer> = {};
      for (const [name, source] of frozen ? segmentWeights(config, segment) : []) {
        const weight = model.weight(source);
        initializers[name] = { data: await engine.read(weight) as Float32Array, shape: weight.shape };
      }
      const outputs = segmentOutputs(config, this.lora, segment);
      compiled.push({ segment, program: await engine.compile({ outputs, initializers, lowLatency: true }) });
    }
    return compiled;
  }

  #checkAdapter(adapter: AdapterWeights): void {
    const sorted = ({ modules }: LoraShape) => [...modules].sort().join(", ");
    if (adapter.r === this.lora.r && sorted(adapter) === sorted(this.lora)) return;
    const show = (shape: LoraShape) => shape.modules.length === 0 ? "none" : `rank ${shape.r} on ${sorted(shape)}`;
    throw new Error(`the decoder was made for an adapter of ${show(this.lora)}, got one of ${show(adapter)}`);
  }

  /** The factors B times the adapter's scaling, which saves each layer a multiplication at each step. */
  async #scaledFactors(adapter: AdapterWeights): Promise<Record<string, DeviceTensor>> {
    const { engine, config } = this.model;
    const feeds: Record<string, DeviceTensor> = {};
    for (let layer = 0; layer < config.layers; layer++) {
      for (const module of adapter.modules) {
        const name = `model.layers.${layer}.${loraNames(module).b}`;
        const factor = adapter.factors.get(name);
        if (!factor) throw new Error(`the adapter has no "${name}"`);
        const data = await engine.read(factor) as Float32Array;
        feeds[name] = await engine.store(Float32Array.from(data, (value) => value * adapter.scaling), factor.shape);
      }
    }
    return feeds;
  }

  /** Factors for running without an adapter. */
  async #zeroFactors(): Promise<Record<string, DeviceTensor>> {
    const { engine, config } = this.model;
    const { modules, r } = this.lora;
    const feeds: Record<string, DeviceTensor> = {};
    for (const module of modules) {
      const [outputs, inputs] = linearShape(config, module);
      const { a, b } = loraNames(module);
      const zeroA = await engine.store(new Float32Array(r * inputs), [r, inputs]);
      const zeroB = await engine.store(new Float32Array(outputs * r), [outputs, r]);
      for (let layer = 0; layer < config.layers; layer++) {
        feeds[`model.layers.${layer}.${a}`] = zeroA;
        feeds[`model.layers.${layer}.${b}`] = zeroB;
      }
    }
    return feeds;
  }

  /** Frees the programs. The model stays. */
  async dispose(): Promise<void> {
    const segments = await this.#segments;
    this.#segments = null;
    for (const { program } of segments ?? []) await program.dispose();
  }
}
