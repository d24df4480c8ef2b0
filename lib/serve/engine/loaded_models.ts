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
}

/** What was loaded. */
interface Loaded {
  model: CausalLM;
  decoders: Decoders;
  embedder: Embedder | null;
  writing: ReadonlyMap<string, WritingModel>;
  /** Frees all of it. */
  dispose(): Promise<void>;
}

/** A base model, its adapters and an embedder, loaded and compiled. */
export class LoadedModels {
  readonly served: readonly ServedModel[];

  private constructor(readonly loaded: Loaded) {
    const { writing, embedder } = loaded;
    const created = Math.floor(Date.now() / 1000);
    const served: ServedModel[] = [...writing].map(([id, { adapter, config }]) => ({
      id,
      kind: adapter ? "adapter" : "base",
      contextTokens: config.maxPositions,
      created,
    }));
    if (embedder) {
      const { name: id, maxTokens } = embedder.description;
      served.push({ id, kind: "embedder", contextTokens: maxTokens, created });
    }
    this.served = served;
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
      for (const { id, folder } of options.adapters) {
        const adapter = await loadAdapter(model, folder);
        opened.push(() => adapter.factors.forEach((factor) => factor.dispose()));
        if (carriesTables(adapter)) views.set(adapter, held(await modelWithTables(model, adapter)));
        const tokenizer = await adapterTokenizer(folder, base.tokenizer, options.model.folder);
        writing.set(id, writingModel(adapter, views.get(adapter) ?? model, tokenizer));
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
      return new LoadedModels({ model, decoders, embedder, writing, dispose });
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

  /** Frees all of it. */
  async dispose(): Promise<void> {
    await this.loaded.dispose();
  }
}

function writingModel(adapter: LoraAdapter | null, { config }: CausalLM, tokenizer: Tokenizer): WritingModel {
  tokenizer.assertFits(config.vocabSize);
  return { adapter, config, tokenizer, prompts: new PromptMaker(tokenizer, config.vocabSize) };
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
