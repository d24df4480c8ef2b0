/** The medical agent behind /chat, one for each model that is asked for. */
import {
  endpointModel,
  houseMedicalAgent,
  MedicalAgent,
  type MedicalAgentOptions,
  medicalRouter,
} from "../agent/medical/mod.ts";
import type { SessionStore } from "../agent/memory/mod.ts";
import { type ChatModel, openaiChatModel } from "../agent/mod.ts";
import { createEngine } from "../engine/mod.ts";
import { type Embedder, houseEmbedder } from "../retrieval/embed/mod.ts";
import { type Engine, engineChatModel } from "./engine/mod.ts";
import { engineEmbedder } from "./engine_embedder.ts";
import type { ChatBackend } from "./http/mod.ts";

/** Where the agent's models are. */
export type AgentModels =
  | { engine: Engine }
  /** Another service; `model` is its model where a question names none, and by default its first. */
  | { endpoint: { url: string; key?: string; model?: string } };

/** What the agent is made of. */
export interface MedicalBackendOptions {
  models: AgentModels;
  /** Stays the caller's. */
  store: SessionStore;
  /** How models are asked: see `MedicalAgent`. */
  form: NonNullable<MedicalAgentOptions["form"]>;
  /** Where the library's table is kept. Default: in memory, made anew at each start. */
  knowledgeUri?: string;
  signal?: AbortSignal;
}

/** Agents with what they share. */
export interface MedicalBackend extends ChatBackend {
  /** The engine and the store stay the caller's. */
  dispose(): Promise<void>;
}

/** Models that are kept ready at one time. */
const MAX_AGENTS = 16;

/**
 * Opens the library and what else medical agents share.
 *
 * @throws When a part of it cannot be opened, or the endpoint not reached.
 */
export async function medicalBackend(options: MedicalBackendOptions): Promise<MedicalBackend> {
  const { models, store, form, knowledgeUri, signal } = options;
  const first = await firstModel(models, signal);
  const encoder = await openEncoder(models, signal);
  const { embedder } = encoder;
  const open = await houseMedicalAgent({ store, form, knowledgeUri, signal, model: first, embedder })
    .catch(async (error) => {
      await encoder.dispose();
      throw error;
    });
  const { knowledge } = open;
  const agents = new Map([[first.name, open.agent]]);
  let router: ReturnType<typeof medicalRouter> | undefined;
  return {
    store,
    async agent(id) {
      if (id === undefined) return open.agent;
      const known = agents.get(id);
      if (known !== undefined) return known;
      const model = namedModel(models, id);
      router ??= medicalRouter({ embedder: knowledge.table.embedder }).catch((error) => {
        // The next question tries again.
        router = undefined;
        throw error;
      });
      const agent = new MedicalAgent({ model, knowledge, store, form, router: await router });
      // Names at an endpoint are whatever a question says.
      if (agents.size === MAX_AGENTS) agents.clear();
      agents.set(id, agent);
      return agent;
    },
    async dispose() {
      await open.dispose();
      await encoder.dispose();
    },
  };
}

async function firstModel(models: AgentModels, signal: AbortSignal | undefined): Promise<ChatModel> {
  if ("engine" in models) return engineChatModel(models.engine, models.engine.models[0].id);
  const { url: endpoint, key: apiKey, model } = models.endpoint;
  return await endpointModel({ endpoint, apiKey, model, signal });
}

function namedModel(models: AgentModels, id: string): ChatModel {
  if ("engine" in models) return engineChatModel(models.engine, id);
  const { url: baseURL, key: apiKey } = models.endpoint;
  return openaiChatModel({ baseURL, apiKey, model: id, readTags: true });
}

/** What the house's engine calls its encoder. */
const HOUSE_ENCODER = "kiln-embed";

/** The house's encoder in the engine's worker, where the engine has it; else the agent opens one of its own. */
async function openEncoder(
  models: AgentModels,
  signal: AbortSignal | undefined,
): Promise<{ embedder?: Embedder; dispose: () => Promise<void> }> {
  const hasEncoder = "engine" in models && models.engine.models.some(({ id }) => id === HOUSE_ENCODER);
  if (!hasEncoder) return { dispose: () => Promise.resolve() };
  const here = await createEngine({ device: "cpu" });
  try {
    const same = await houseEmbedder({ engine: here, signal });
    return {
      embedder: engineEmbedder(models.engine, same),
      async dispose() {
        await same.dispose();
        await here.dispose();
      },
    };
  } catch (error) {
    await here.dispose();
    throw error;
  }
}
