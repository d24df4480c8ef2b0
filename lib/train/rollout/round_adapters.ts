/** The adapter of each round, on disk and in the endpoints that draw with it. */
import { join, resolve } from "node:path";
import { createHash } from "node:crypto";
import { z } from "zod";
import { type LoraAdapter, saveAdapter } from "../../adapters/mod.ts";
import { type AskedEndpoint, askEndpoint, EndpointRefusal, type Turn } from "../../endpoints/mod.ts";
import type { CausalLM } from "../../models/mod.ts";

/** Whose adapter, and where it is handed over. */
export interface RoundAdapterOptions {
  model: CausalLM;
  adapter: LoraAdapter;
  baseModel: string;
  adapterFolder: string;
  endpointAdapterFolder?: string;
}

/** An adapter as it was at the beginning of a round. */
interface RoundAdapter {
  name: string;
  /** As this process has it. */
  folder: string;
  /** As the endpoints have it. */
  path: string;
}

/** What an endpoint was given, while it was not away. */
interface Given {
  incarnation: number;
  /** Of that name; settles when the endpoint can draw with it. */
  name: string;
  ready: Promise<void>;
}

const modelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Milliseconds that an endpoint has to take an adapter in. */
const LOAD_TIMEOUT = 120_000;

/** Milliseconds that it has to let go of one. */
const UNLOAD_TIMEOUT = 10_000;

/** Writes adapters out, and sees that endpoints have the one of the round. */
export class RoundAdapters {
  #round: RoundAdapter | null = null;
  /** By the endpoint's URL. */
  readonly #given = new Map<string, Given>();
  /** Ends what is being loaded when nobody wants it any more. */
  readonly #end = new AbortController();
  readonly #own = crypto.randomUUID();
  /** Names that endpoints may still have, by URL. */
  readonly #names = new Map<string, { endpoint: AskedEndpoint; names: Set<string> }>();

  constructor(readonly options: RoundAdapterOptions) {}

  /** Writes the adapter as it is now. Nobody must be drawing with the one before. */
  async begin(round: number): Promise<void> {
    const { model, adapter, baseModel, adapterFolder, endpointAdapterFolder } = this.options;
    const before = this.#round;
    // By its weights, and by whose it is: nobody else's weights have this name, in an endpoint or in the folder.
    const name = `kiln-round-${round}-${await this.#digest(model, adapter)}`;
    if (before?.name === name) return;
    const folder = join(adapterFolder, name);
    await Deno.mkdir(adapterFolder, { recursive: true });
    await saveAdapter(model, adapter, folder, { baseModel });
    this.#round = {
      name,
      folder,
      path: `${(endpointAdapterFolder ?? resolve(adapterFolder)).replace(/\/+$/, "")}/${name}`,
    };
    if (before) await removeFolder(before.folder);
  }

  /**
   * Does something at an endpoint that has the round's adapter.
   *
   * @param work Is given the adapter's name.
   * @throws What `work` throws, and {EndpointRefusal} when the endpoint does not take the adapter.
   */
  async with<Result>(turn: Turn, work: (name: string) => Promise<Result>): Promise<Result> {
    const round = this.#round!;
    const given = await this.#give(turn, round);
    try {
      return await work(round.name);
    } catch (error) {
      if (!(error instanceof EndpointRefusal && error.status === 404)) throw error;
      // It was started anew between two looks at it, and knows nothing of what it was given.
      if (await this.#has(turn, round.name)) throw error;
      if (this.#given.get(turn.url) === given) this.#given.delete(turn.url);
      await this.#give(turn, round);
      return await work(round.name);
    }
  }

  /** Takes adapters out of the endpoints that can be reached, and off the disk. */
  async dispose(): Promise<void> {
    this.#end.abort();
    const unloads = [...this.#names.values()].flatMap(({ endpoint, names }) =>
      [...names].map((name) => unload(endpoint, name))
    );
    this.#names.clear();
    this.#given.clear();
    await Promise.all(unloads);
    if (this.#round) await removeFolder(this.#round.folder);
    this.#round = null;
  }

  async #give(turn: Turn, round: RoundAdapter): Promise<Given> {
    const { url, incarnation } = turn;
    let given = this.#given.get(url);
    if (given?.name !== round.name || given.incarnation !== incarnation) {
      // Once for all requests that wait for it, whichever of them is aborted.
      const own = { incarnation, name: round.name, ready: this.#load(turn, round, given?.ready) };
      this.#given.set(url, own);
      // Also where all who waited have left: the next one tries anew.
      own.ready.catch(() => this.#given.get(url) === own && this.#given.delete(url));
      given = own;
    }
    await unlessAborted(given.ready, turn.signal);
    return given;
  }

  /** @param before What it was given before this, and may still be taking in. */
  async #load({ url, key, fetch }: Turn, { name, path }: RoundAdapter, before?: Promise<void>): Promise<void> {
    await before?.catch(() => {});
    const endpoint = { url, key, fetch };
    const kept = this.#names.get(url) ?? { endpoint, names: new Set() };
    this.#names.set(url, kept);
    for (const old of kept.names) {
      if (old === name) continue;
      await unload(endpoint, old);
      kept.names.delete(old);
    }
    kept.names.add(name);
    try {
      const body = { lora_name: name, lora_path: path };
      const { signal } = this.#end;
      await askEndpoint(endpoint, "/load_lora_adapter", { body, signal, timeoutMs: LOAD_TIMEOUT });
    } catch (error) {
      if (!(error instanceof EndpointRefusal)) throw error;
      // A name stands for its weights: one that is there already is right.
      if (await this.#has(endpoint, name)) return;
      throw new EndpointRefusal(
        error.status,
        `${error.message}. Adapters must be allowed to come while it runs: vLLM by --enable-lora and the environment's ` +
          "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, Kiln's service by --allow-adapters with the folder that they lie in",
      );
    }
  }

  /** Eight characters that stand for an adapter's weights. */
  async #digest(model: CausalLM, adapter: LoraAdapter): Promise<string> {
    const hash = createHash("sha256").update(this.#own);
    for (const [name, tensor] of adapter.factors) {
      const numbers = await model.engine.read(tensor);
      hash.update(name).update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    }
    return hash.digest("hex").slice(0, 8);
  }

  async #has(endpoint: AskedEndpoint, name: string): Promise<boolean> {
    const models = modelsSchema.safeParse(await askEndpoint(endpoint, "/models", { timeoutMs: UNLOAD_TIMEOUT }));
    return models.success && models.data.data.some(({ id }) => id === name);
  }
}

/** Waits; throws the signal's reason when it is aborted before. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** An endpoint that is away has nothing to be taken out of. */
async function unload(endpoint: AskedEndpoint, name: string): Promise<void> {
  const body = { lora_name: name };
  await askEndpoint(endpoint, "/unload_lora_adapter", { body, timeoutMs: UNLOAD_TIMEOUT }).catch(() => {});
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
