/** The compiled programs of generation for one model and one shape of adapter. */
import { type DeviceTensor, type Program, ProgramCache } from "../../engine/mod.ts";
import { Graph, type Initializer, mul } from "../../graph/mod.ts";
import type { AdapterWeights } from "../adapter_weights.ts";
import { loraNames, type LoraShape, NO_LORA } from "../block_programs.ts";
import { checkDecodedTables } from "../carried_tables.ts";
import type { CausalLM } from "../causal_lm.ts";
import type { ModelConfig } from "../config.ts";
import { linearShape } from "../decoder_block.ts";
import { weightShapes } from "../families.ts";
import { headName } from "../wide_head.ts";
import {
  HEAD_WEIGHT,
  planSegments,
  type Segment,
  segmentOutputs,
  segmentWeights,
  tableForm,
} from "./decode_program.ts";
import { DeviceKvCache } from "./device_kv_cache.ts";
import { Scores } from "./draws.ts";
import { HostKvCache } from "./host_kv_cache.ts";
import type { DecodeStep, KvCache } from "./kv_cache.ts";
import type { CacheForm } from "./layer_cache.ts";
import { frozenPrecision, weightFeeds, weightForm } from "../precision.ts";

/** How to compile a decoder. */
export interface DecoderOptions {
  /** The shape of the adapters it will run with: an adapter itself will do. Default: none. */
  adapter?: LoraShape | null;
  /**
   * `"frozen"`: the base weights are copied into the programs and laid out for speed, which costs their size in memory
   * once more (on the CPU, their size in float32 where they are float16 or 8 bits); a later change of the model's weights
   * is not seen. `"inputs"`: the model's current weights are read at each step, for training that changes them. Default:
   * frozen where that is faster, which is on the CPU and where each run copies its feeds to the device; inputs where
   * weights lie on the device already.
   */
  weights?: "frozen" | "inputs";
  /** Frozen weights of one program stay below this many bytes. Default 256 MB. */
  segmentBytes?: number;
  /**
   * Whether CPU threads spin between operators: a fifth faster while nothing else wants the cores, and several times slower
   * while something does. Default true; false suits a service.
   */
  lowLatency?: boolean;
}

/** A part of the model, compiled. */
interface CompiledSegment {
  segment: Segment;
  program: Program;
}

/** What all steps of a generation share: an adapter's factors, and the weights that are not frozen. */
export interface Policy {
  readonly feeds: Readonly<Record<string, DeviceTensor>>;
  /** Of steps that say nothing of their own. */
  readonly temperature: number;
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
  readonly #lowLatency: boolean;
  readonly #segments = new Map<CacheForm, Promise<CompiledSegment[]>>();
  /** Small programs that generation needs besides the model. */
  readonly programs: ProgramCache;

  constructor(readonly model: CausalLM, options: DecoderOptions = {}) {
    const { sharesMemory, copiesFeeds } = model.engine;
    const { adapter, weights = sharesMemory || copiesFeeds ? "frozen" : "inputs" } = options;
    this.lora = adapter ? { modules: [...adapter.modules], r: adapter.r } : NO_LORA;
    this.weights = weights;
    this.#segmentBytes = options.segmentBytes ?? 256 * 1024 * 1024;
    this.#lowLatency = options.lowLatency ?? true;
    this.programs = new ProgramCache(model.engine);
  }

  /**
   * Whether steps read the float32 head that a model of few bits keeps for training. Freezing one more would take several
   * times its memory while it is compiled, for a tenth of a step's time.
   */
  get #borrowsHead(): boolean {
    const [held, read] = [this.model.config, frozenConfig(this.model)].map((config) => tableForm(config).kind);
    return this.weights === "frozen" && held !== "float32" && read === "float32";
  }

  /** Compiles the programs, if that was not done before. `generate` does it by itself. */
  async prepare(): Promise<void> {
    const forms: CacheForm[] = this.model.engine.sharesMemory ? ["host"] : ["prompt", "step"];
    for (const form of forms) await this.#compiled(form);
  }

  /**
   * What the steps of one generation share.
   *
   * @param adapter Null: the base model alone, also where the decoder was made for an adapter.
   * @param temperature Above 0; of steps that say nothing of their own.
   * @throws When the adapter does not have the shape the decoder was made for, or carries tables that are not the model's.
   */
  async policy(adapter: AdapterWeights | null, temperature: number): Promise<Policy> {
    if (adapter) this.#checkAdapter(adapter);
    checkDecodedTables(this.model, adapter);
    const { model } = this;
    const own = adapter ? await this.#scaledFactors(adapter) : await this.#zeroFactors();
    const feeds: Record<string, DeviceTensor> = {
      ...Object.fromEntries(model.weights),
      ...(this.#borrowsHead
        ? { [HEAD_WEIGHT]: await model.withHead(({ head }) => Promise.resolve(head)) }
        : weightFeeds(model.weights, headName(model.config), HEAD_WEIGHT)),
      ...(adapter ? Object.fromEntries(adapter.factors) : {}),
      ...own,
    };
    return { feeds, temperature, dispose: () => Object.values(own).forEach((tensor) => tensor.dispose()) };
  }

  /** A cache for this decoder's steps, with `rows` empty rows to begin with. */
  cache(maxRows: number, rows = 0): KvCache {
    const { engine, config } = this.model;
    if (engine.sharesMemory) return new HostKvCache(engine, config, maxRows, rows);
    return new DeviceKvCache(engine, config, this.programs, maxRows, rows);
  }

  /** Runs one step; the cache keeps the new keys and values. */
  async run(policy: Policy, cache: KvCache, step: DecodeStep): Promise<Scores> {
    let longest = 0;
    for (let row = 0; row < cache.rows; row++) longest = Math.max(longest, cache.lengths[row]);
    const rotary = await this.model.rotaryTables(longest + step.tokens);
    const { form, cache: kept, step: temporary } = await cache.feeds(step);
    const own = form === "host" ? { ...temporary, inverseTemperature: this.#temperatures(policy, step) } : temporary;
    const feeds: Record<string, DeviceTensor> = { ...policy.feeds, ...rotary, ...kept, ...own };
    const outputs: Record<string, DeviceTensor> = {};
    try {
      for (const { segment, program } of await this.#compiled(form)) {
        Object.assign(outputs, await program.run(feeds));
        feeds.x?.dispose();
        if (!segment.head) feeds.x = outputs.hidden;
      }
      await cache.take(form, step, outputs);
    } catch (error) {
      Object.values(outputs).forEach((tensor) => tensor.dispose());
      throw error;
    } finally {
      Object.values(own).forEach((tensor) => tensor.dispose());
    }
    const { logits, probabilities, highestLogit, highestProbability } = outputs;
    return new Scores(form === "host" ? { logits, probabilities, highestLogit, highestProbability } : { logits });
  }

  #temperatures({ temperature }: Policy, { chosen, inverseTemperatures }: DecodeStep): DeviceTensor {
    const numbers = inverseTemperatures ?? new Float32Array(chosen.length).fill(1 / temperature);
    return this.model.engine.upload(numbers, [chosen.length, 1]);
  }

  #compiled(form: CacheForm): Promise<CompiledSegment[]> {
    let segments = this.#segments.get(form);
    if (!segments) {
      this.#segments.set(form, segments = this.#compile(form));
      // What could not be compiled is tried again when it is next needed.
      segments.catch(() => this.#segments.delete(form));
    }
    return segments;
  }

  async #compile(form: CacheForm): Promise<CompiledSegment[]> {
    const { model, model: { engine } } = this;
    const frozen = this.weights === "frozen";
    const config = frozen ? frozenConfig(model) : model.config;
    const table = tableForm(model.config);
    const compiled: CompiledSegment[] = [];
    try {
      for (const segment of planSegments(config, frozen ? this.#segmentBytes : Infinity)) {
        const initializers: Record<string, Initializer> = {};
        for (const [name, source] of frozen ? segmentWeights(config, segment, engine.copiesFeeds) : []) {
          if (this.#borrowsHead && name.startsWith(HEAD_WEIGHT)) continue;
          initializers[name] = await initializerOf(model, config, source);
        }
        // What stays an input is fed in the form that the model holds it in.
        const head = this.#borrowsHead || HEAD_WEIGHT in initializers ? tableForm(config) : table;
        const outputs = segmentOutputs(config, this.lora, segment, form, { table, head });
        // On a card weights stay as small as they are; on the CPU they have the form that is fastest already.
        const foldConstants = !engine.copiesFeeds || isFloat32(initializers);
        const program = await engine.compile({ outputs, initializers, lowLatency: this.#lowLatency, foldConstants });
        compiled.push({ segment, program });
      }
    } catch (error) {
      for (const { program } of compiled) await program.dispose();
      throw error;
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
    const { config } = this.model;
    const feeds: Record<string, DeviceTensor> = {};
    for (let layer = 0; layer < config.layers; layer++) {
      for (const module of adapter.modules) {
        const name = `model.layers.${layer}.${loraNames(module).b}`;
        const factor = adapter.factors.get(name);
        if (!factor) throw new Error(`the adapter has no "${name}"`);
        feeds[name] = await this.#scaled(factor, adapter.scaling);
      }
    }
    return feeds;
  }

  async #scaled(factor: DeviceTensor, scaling: number): Promise<DeviceTensor> {
    const { engine } = this.model;
    if (engine.sharesMemory) {
      const data = await engine.read(factor) as Float32Array;
      return await engine.store(Float32Array.from(data, (value) => value * scaling), factor.shape);
    }
    const program = await this.programs.get("scaled factor", () => {
      const graph = new Graph();
      return { y: mul(graph.input("x", ["outputs", "rank"]), graph.input("scaling", [])) };
    });
    const number = engine.upload(Float32Array.of(scaling), []);
    try {
      return (await program.run({ x: factor, scaling: number })).y;
    } finally {
      number.dispose();
    }
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
    const forms = [...this.#segments.values()];
    this.#segments.clear();
    for (const segments of forms) {
      for (const { program } of await segments.catch(() => [])) await program.dispose();
    }
    await this.programs.dispose();
  }
}

/** The model's configuration with the form that its weights have in programs of their own. */
function frozenConfig({ config, engine }: CausalLM): ModelConfig {
  if (!config.precision || !engine.sharesMemory || engine.copiesFeeds) return config;
  return { ...config, precision: frozenPrecision(config.precision) };
}

function isFloat32(initializers: Readonly<Record<string, Initializer>>): boolean {
  return Object.values(initializers).every(({ data }) => data instanceof Float32Array);
}

/** A tensor of a weight in the form that `config` asks for. */
async function initializerOf(model: CausalLM, config: ModelConfig, name: string): Promise<Initializer> {
  const { shape, dtype } = model.weight(name);
  const whole = weightShapes(model.config)[name];
  if (whole && dtype !== "float32" && weightForm(name, whole, config).kind === "float32") {
    return { data: await model.readWeight(name), shape: whole };
  }
  return { data: await model.engine.read(model.weight(name)) as Initializer["data"], shape };
}
