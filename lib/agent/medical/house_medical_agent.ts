/** The medical agent with all that ships. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createEngine, type Engine } from "../../engine/mod.ts";
import { loadModel } from "../../models/mod.ts";
import { type Embedder, houseEmbedder } from "../../retrieval/embed/mod.ts";
import { Tokenizer } from "../../tokenizer/mod.ts";
import { type ChatModel, localChatModel } from "../chat/mod.ts";
import type { SessionStore } from "../memory/mod.ts";
import { endpointModelFromEnvironment } from "./endpoint_model.ts";
import { medicalRouter } from "./house_router.ts";
import { type MedicalKnowledge, openKnowledge } from "./knowledge.ts";
import { MedicalAgent, type MedicalAgentOptions } from "./medical_agent.ts";

const MODEL = shipped("models/kiln-tiny");
const LIBRARY = shipped("library/medicine");

function shipped(path: string): string {
  return fileURLToPath(new URL(`../../../data/${path}`, import.meta.url));
}

/** What to open, and what is there already. */
export interface HouseMedicalAgentOptions extends Partial<Omit<MedicalAgentOptions, "store" | "knowledge">> {
  /** Stays the caller's. */
  store: SessionStore;
  /** Stays the caller's. Default: the environment's (`KILN_ENDPOINT`), else kiln-tiny on this machine. */
  model?: ChatModel;
  /** Runs what runs here, and stays the caller's. Default: a CPU engine of its own, where one is needed. */
  engine?: Engine;
  /** Stays the caller's. Default: the house's text encoder on the engine, whose searches block the event loop while they compute. */
  embedder?: Embedder;
  /** Documents of the library. Default: what ships. */
  documents?: string | readonly string[];
  /** Where their table is kept. Default `memory://`, which takes a second or two at each start. */
  knowledgeUri?: string;
  signal?: AbortSignal;
}

/** An agent with what it was opened with. */
export interface OpenMedicalAgent extends AsyncDisposable {
  agent: MedicalAgent;
  knowledge: MedicalKnowledge;
  model: ChatModel;
  /** Closes all that `houseMedicalAgent` opened. */
  dispose(): Promise<void>;
}

/** When the library that ships was written. */
const WRITTEN = { data_sources: "Kiln's library, written for its examples", update_date: "2026-11-21" };

/**
 * Opens the medical agent: model, text encoder, library and router. A model that is given, or that the environment names, is asked in the
 * general form unless `form` says otherwise; kiln-tiny in its own.
 *
 * @throws When a part of it cannot be opened; what was opened by then is closed again.
 */
export async function houseMedicalAgent(options: HouseMedicalAgentOptions): Promise<OpenMedicalAgent> {
  const {
    store,
    documents = LIBRARY,
    knowledgeUri,
    signal,
    model: ownModel,
    engine: given,
    embedder: encoder,
    ...rest
  } = options;
  const open: (() => Promise<unknown> | unknown)[] = [];
  const dispose = async () => {
    for (const close of open.splice(0).reverse()) await close();
  };
  try {
    let [engine, embedder] = [given, encoder];
    const theEngine = async () => {
      if (engine !== undefined) return engine;
      const own = await createEngine({ device: "cpu" });
      open.push(() => own.dispose());
      return engine = own;
    };
    if (embedder === undefined) {
      const own = embedder = await houseEmbedder({ engine: await theEngine(), signal });
      open.push(() => own.dispose());
    }
    const isShipped = typeof documents === "string" && resolve(documents) === resolve(LIBRARY);
    const defaults = isShipped ? WRITTEN : {};
    const knowledge = await openKnowledge({ embedder, documents, uri: knowledgeUri, defaults, signal });
    open.push(() => knowledge.close());
    const router = options.router ?? await medicalRouter({ embedder, signal });
    const named = ownModel ?? await endpointModelFromEnvironment({ signal });
    const model = named ?? await houseModel(await theEngine(), open);
    if (ownModel === undefined) open.push(() => model.dispose?.());
    const agent = new MedicalAgent({
      form: named === null ? "house" : "general",
      ...rest,
      router,
      model,
      knowledge,
      store,
    });
    return { agent, knowledge, model, dispose, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function houseModel(engine: Engine, open: (() => Promise<unknown> | unknown)[]): Promise<ChatModel> {
  const [model, tokenizer] = await Promise.all([loadModel(MODEL, { engine }), Tokenizer.load(MODEL)]);
  open.push(() => model.dispose());
  return localChatModel({ model, tokenizer, name: "kiln-tiny" });
}
