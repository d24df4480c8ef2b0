/** The models of a worker, in its memory. */
import { loadAdapter, type LoraAdapter, modelWithTables } from "../../adapters/mod.ts";
import { createEngine, type Engine as DeviceEngine } from "../../engine/mod.ts";
import { type AdapterWeights, carriesTables, type CausalLM, Decoders, loadModel } from "../../models/mod.ts";
import type { Embedder } from "../../retrieval/embed/mod.ts";
import { Tokenizer } from "../../tokenizer/mod.ts";
import type { ServedModel } from "./engine.ts";
import { EngineRequestError } from "./errors.ts";
import { PromptMaker } from "./prompt.ts";
import type { WorkerOptions } from "./protocol.ts";

/** The base model or one with an adapter, as requests name it. */
export interface WritingModel {
  adapter: AdapterWeights | null;
  /** What the adapter makes of the base's configuration: new tokens are new rows. */
  config: CausalLM["config"];
  tokenizer: Tokenizer;
  prompts: PromptMaker;
  /** When it was loaded, in seconds since 1970. */
  created: number;
}

/** What was loaded. */
interface Loaded {
  /** The base model's folder. */
  folder: string;
  model: CausalLM;
  decoders: Decoders;
  embedder: Embedder | null;
  /** The base model first. */
  writing: Map<string, WritingModel>;
  /** What takes the model's place for adapters with tables of their own. */
  views: Map<AdapterWeights, CausalLM>;
  /** Frees all of it. */
  dispose(): Promise<void>;
}

/** A base model, its adapters and an embedder, loaded and compiled. */
export class LoadedModels {
  private constructor(readonly loaded: Loaded) {}

  /** What requests can name now: the base model, adapters, the embedder. */
  get served(): readonly ServedModel[] {
    const { writing, embedder } = this.loaded;
    const served: ServedModel[] = [...writing].map(([id, { adapter, config, created }]) => ({
      id,
      kind: adapter ? "adapter" : "base",
      contextTokens: config.maxPositions,
      created,
    }));
    if (embedder) {
      const { name: id, maxTokens } = embedder.description;
      const [{ created }] = served;
      served.push({ id, kind: "embedder", contextTokens: maxTokens, created });
    }
    return served;
  }

  /** Loads all of it; what was loaded is freed when something cannot be. The message names it. */
  static async load(options: WorkerOptions): Promise<LoadedModels> {
    const opened: (() => Promise<void> | void)[] = [];
    const dispose = async () => {
      for (const free of opened.splice(0).reverse()) await free();
    };
    const held = <T extends { dispose(): Promise<void> }>(one: T): T => {
      opened.push(() => one.dispose());
      return one;
    };
    try {
      const engine = held(await createEngine({ device: options.device, threads: options.threads }));
      const { id, folder } = options.model;
      const model = held(await loadModel(folder, { engine, precision: options.precision }));
      const base = writingModel(null, model, await Tokenizer.load(folder));
      const writing = new Map([[id, base]]);
      const views = new Map<AdapterWeights, CausalLM>();
      opened.push(async () => {
        for (const { adapter } of writing.values()) if (adapter) await freeAdapter(adapter, views);
      });
      for (const { id, folder: from } of options.adapters) {
        writing.set(id, await openAdapter(from, { folder, model, base, views }));
      }
      // The model alone has programs of its own only where no adapter's will do: programs hold a copy of the weights.
      const adapters = [...writing.values()].map(({ adapter }) => adapter);
      const first = adapters.find((adapter) => adapter !== null && !views.has(adapter));
      // The service's own thread wants a core too.
      const decoders = held(new Decoders(model, { first, views, lowLatency: false }));
      for (const adapter of adapters) await decoders.of(adapter).prepare();
      const embedder = options.embedder === undefined ? null : held(await embedderOf(options.embedder, engine));
      const name = embedder?.description.name;
      if (name !== undefined && writing.has(name)) {
        throw new RangeError(`embedder: ${JSON.stringify(name)} is another model's id already; give that one another`);
      }
      return new LoadedModels({ folder, model, decoders, embedder, writing, views, dispose });
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  /**
   * The model of an id.
   *
   * @throws {EngineRequestError} When there is none, or it writes no text.
   */
  writing(id: string): WritingModel {
    const { writing, embedder } = this.loaded;
    const model = writing.get(id);
    if (model) return model;
    const known = [...writing.keys()].map((name) => JSON.stringify(name)).join(", ");
    const problem = id === embedder?.description.name ? "embeds and writes no text" : "is not served";
    throw new EngineRequestError("unknownModel", `model ${JSON.stringify(id)} ${problem}; expected ${known}`, "model");
  }

  /** Whether a request can name it. */
  has(id: string): boolean {
    return this.loaded.writing.has(id) || this.loaded.embedder?.description.name === id;
  }

  /**
   * Loads one more adapter, and compiles what it needs.
   *
   * @throws When it cannot be; the message says why, and nothing is left of it.
   */
  async addAdapter(id: string, folder: string): Promise<void> {
    const { writing, decoders } = this.loaded;
    const base = writing.values().next().value!;
    const added = await openAdapter(folder, { ...this.loaded, base });
    try {
      await decoders.of(added.adapter).prepare();
    } catch (error) {
      await this.freeAdapter(added.adapter!);
      throw error;
    }
    writing.set(id, added);
  }

  /** Takes an adapter away from requests to come. Who still writes with it may go on until it is freed. */
  removeAdapter(id: string): AdapterWeights {
    const { writing } = this.loaded;
    const adapter = writing.get(id)?.adapter;
    if (!adapter) throw new Error(`there is no adapter ${JSON.stringify(id)}`);
    writing.delete(id);
    return adapter;
  }

  /** Frees an adapter that was removed. */
  async freeAdapter(adapter: AdapterWeights): Promise<void> {
    const { decoders, views } = this.loaded;
    await decoders.release(adapter);
    await freeAdapter(adapter, views);
  }

  /** Frees all of it. */
  async dispose(): Promise<void> {
    await this.loaded.dispose();
  }
}

function writingModel(adapter: LoraAdapter | null, { config }: CausalLM, tokenizer: Tokenizer): WritingModel {
  tokenizer.assertFits(config.vocabSize);
  const created = Math.floor(Date.now() / 1000);
  return { adapter, config, tokenizer, prompts: new PromptMaker(tokenizer, config.vocabSize), created };
}

/** Loads an adapter; nothing is left of one that does not fit. */
async function openAdapter(
  from: string,
  { folder, model, base, views }: Pick<Loaded, "folder" | "model" | "views"> & { base: WritingModel },
): Promise<WritingModel> {
  const adapter = await loadAdapter(model, from);
  try {
    if (carriesTables(adapter)) views.set(adapter, await modelWithTables(model, adapter));
    const tokenizer = await adapterTokenizer(from, base.tokenizer, folder);
    return writingModel(adapter, views.get(adapter) ?? model, tokenizer);
  } catch (error) {
    await freeAdapter(adapter, views);
    throw error;
  }
}

async function freeAdapter(adapter: AdapterWeights, views: Loaded["views"]): Promise<void> {
  await views.get(adapter)?.dispose();
  views.delete(adapter);
  adapter.factors.forEach((factor) => factor.dispose());
}

/** The tokenizer beside an adapter, with the chat template that it was trained with; the base's own where that is the same. */
async function adapterTokenizer(folder: string, base: Tokenizer, baseFolder: string): Promise<Tokenizer> {
  const textOf = async (folder: string) => await Deno.readTextFile(`${folder}/tokenizer.json`).catch(() => null);
  const text = await textOf(folder);
  if (text === null) return base;
  const own = await Tokenizer.load(folder);
  const isSame = own.chatTemplate === base.chatTemplate && text === await textOf(baseFolder);
  return isSame ? base : own;
}

async function embedderOf(name: string, engine: DeviceEngine): Promise<Embedder> {
  // Others need not load what runs embedders.
  const { openEmbedder } = await import("../../retrieval/embed/mod.ts");
  return await openEmbedder(name, { engine });
}
