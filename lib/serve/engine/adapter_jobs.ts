/** Adapters that are loaded and unloaded while others are written. */
import type { AdapterWeights, ContinuousBatch } from "../../models/mod.ts";
import { EngineRequestError } from "./errors.ts";
import type { LoadedModels } from "./loaded_models.ts";
import { type Answer, type AskedBody, errorMessage } from "./protocol.ts";

type AdapterJob = Extract<AskedBody, { type: "loadAdapter" | "unloadAdapter" }>;

/** Does such jobs one after the other, between two steps of the batch. */
export class AdapterJobs {
  readonly #jobs: { id: number; job: AdapterJob }[] = [];
  /** Unloaded, and maybe still written with. */
  readonly #leaving = new Set<AdapterWeights>();
  /** What was loaded here: other adapters are there to stay. */
  readonly #loaded = new Set<string>();

  /** @param most Adapters that may be loaded so at one time. */
  constructor(readonly models: LoadedModels, readonly batch: ContinuousBatch, readonly most: number) {}

  /** Whether a step would do anything. */
  get busy(): boolean {
    return this.#jobs.length > 0 || this.#leaving.values().some((adapter) => !this.batch.uses(adapter));
  }

  /** Takes a job, whose answer a later step gives. */
  add(id: number, job: AdapterJob): void {
    this.#jobs.push({ id, job });
  }

  /** Does one job, and frees adapters with which nobody writes any more. Never rejects. */
  async step(): Promise<(readonly [id: number, answer: Answer])[]> {
    for (const adapter of this.#leaving) {
      if (this.batch.uses(adapter)) continue;
      this.#leaving.delete(adapter);
      await this.batch.release(adapter);
      await this.models.freeAdapter(adapter);
    }
    const next = this.#jobs.shift();
    if (!next) return [];
    try {
      if (next.job.type === "loadAdapter") await this.#load(next.job);
      else this.#unload(next.job.model);
      return [[next.id, { type: "models", models: this.models.served }]];
    } catch (error) {
      return [[next.id, { type: "error", error: errorMessage(error) }]];
    }
  }

  /** Frees adapters that are on their way out, after the batch. */
  async dispose(): Promise<void> {
    for (const adapter of this.#leaving) await this.models.freeAdapter(adapter);
    this.#leaving.clear();
  }

  async #load({ model, folder }: { model: string; folder: string }): Promise<void> {
    if (this.models.has(model)) {
      throw new EngineRequestError("option", `model ${JSON.stringify(model)} is served already: unload it first`, "id");
    }
    if (this.#loaded.size >= this.most) {
      const what = this.most === 0
        ? "this engine was opened without room for further adapters (runtimeAdapters)"
        : `${this.#loaded.size} adapters are loaded already, and there may be ${this.most}: unload one first`;
      throw new EngineRequestError("option", what, "id");
    }
    try {
      await this.models.addAdapter(model, folder);
    } catch (error) {
      throw new EngineRequestError("option", error instanceof Error ? error.message : String(error), "folder");
    }
    this.#loaded.add(model);
  }

  #unload(model: string): void {
    if (!this.#loaded.delete(model)) {
      const problem = this.models.has(model) ? "was not loaded so, and stays" : "is not served";
      throw new EngineRequestError("unknownModel", `model ${JSON.stringify(model)} ${problem}`, "id");
    }
    this.#leaving.add(this.models.removeAdapter(model));
  }
}
