/** Small models in folders, and engines that serve them. */
import assert from "node:assert/strict";
import { createLora, saveAdapter } from "../../../lib/adapters/mod.ts";
import { type CausalLM, createModel, type ModelConfig, saveModel } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import {
  type Engine,
  type EngineEvent,
  type GenerateRequest,
  openEngine,
  type OpenEngineOptions,
} from "../../../lib/serve/engine/mod.ts";
import { openEngineIn } from "../../../lib/serve/engine/open_engine.ts";
import { inFolder, withEngine } from "../../support/tiny_model.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { smallConfig } from "../../models/generate/models.ts";

/** A tokenizer with ChatML and 278 tokens. */
export const tokenizer = tinyTokenizer();

const config: ModelConfig = {
  ...smallConfig,
  vocabSize: tokenizer.vocabSize,
  maxPositions: 1024,
  eosTokenIds: tokenizer.eosTokenIds,
};

/** Names of the model and its adapters. */
export const BASE = "small";
export const ADAPTERS = ["doctor", "poet", "thin"] as const;

/** What the folders hold, loaded in this thread too, for comparison. */
export interface Served {
  model: CausalLM;
  adapters: ReadonlyMap<string, Awaited<ReturnType<typeof createLora>>>;
  /** Options of `openEngine` for the folders. */
  options: OpenEngineOptions;
  /** An engine on them, which is disposed of with the test. */
  open(more?: Partial<OpenEngineOptions>, workerUrl?: URL): Promise<Engine>;
}

/** Runs a test with a random model that hardly ever ends, and adapters that change what it says. */
export function withServed(run: (served: Served) => Promise<void>): Promise<void> {
  return inFolder((folder) =>
    withEngine(async (device) => {
      const model = await createModel(config, { engine: device, random: new Random("served"), initializerRange: 0.3 });
      await saveModel(model, `${folder}/model`, { dtype: "F32" });
      await tokenizer.save(`${folder}/model`);
      const adapters = new Map<string, Awaited<ReturnType<typeof createLora>>>();
      for (const [at, name] of ADAPTERS.entries()) {
        const adapter = await createLora(model, new Random(name), { r: at === 2 ? 1 : 2 });
        const random = new Random(name).fork("factors");
        for (const factor of adapter.factors.values()) {
          (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.3 * random.normal());
        }
        await saveAdapter(model, adapter, `${folder}/${name}`, { baseModel: BASE });
        adapters.set(name, adapter);
      }
      const options: OpenEngineOptions = { model: `${folder}/model`, modelId: BASE, threads: 1 };
      const engines: Engine[] = [];
      const open = async (more: Partial<OpenEngineOptions> = {}, workerUrl?: URL) => {
        const all = { ...options, ...more };
        const engine = await (workerUrl ? openEngineIn(workerUrl, all) : openEngine(all));
        engines.push(engine);
        return engine;
      };
      try {
        await run({ model, adapters, options: { ...options, adapters: adapterFolders(folder) }, open });
      } finally {
        for (const engine of engines) await engine.dispose();
        for (const { factors } of adapters.values()) factors.forEach((factor) => factor.dispose());
        await model.dispose();
      }
    })
  );
}

function adapterFolders(folder: string): Record<string, string> {
  return Object.fromEntries(ADAPTERS.map((name) => [name, `${folder}/${name}`]));
}

/** A request for many tokens. */
export const LONG: GenerateRequest = { model: BASE, input: { text: "the cat sat" }, maxTokens: 900, seed: 1 };

/** All events of a request. */
export async function eventsOf(engine: Engine, request: GenerateRequest, signal?: AbortSignal): Promise<EngineEvent[]> {
  return await Array.fromAsync(engine.generate(request, { signal }));
}

/** The tokens of a reply. */
export function tokensOf(events: readonly EngineEvent[]) {
  return events.filter((event) => event.type === "token");
}

/** Waits until the engine says what is wanted of it. */
export async function until(engine: Engine, wanted: (stats: Awaited<ReturnType<Engine["stats"]>>) => boolean) {
  for (let tries = 0; tries < 2000; tries++) {
    const stats = await engine.stats();
    if (wanted(stats)) return stats;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`it never came to ${wanted}: ${JSON.stringify(await engine.stats())}`);
}
