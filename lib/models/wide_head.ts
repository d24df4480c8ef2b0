/**
 * The vocabulary head's weight in float32 for training, whatever form it is held in: each chunk of rows needs all of it.
 *
 * In this process's own memory it is widened once and kept: filling half a gigabyte at each pass takes longer than all
 * that is computed with it. Elsewhere, where memory is scarcer and faster, it is there for one pass.
 */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { Graph } from "../graph/mod.ts";
import { denseWeight } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { declareWeight, readWeight, weightFeeds, type WeightForm, weightForm } from "./precision.ts";

/** The name of the head's weight in the checkpoint: the token table where the two are tied. */
export function headName({ tieWordEmbeddings }: ModelConfig): string {
  return tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
}

/** Lends one model's head. */
export class WideHead {
  readonly #form: WeightForm;
  readonly #programs: ProgramCache;
  #kept: Promise<DeviceTensor> | null = null;

  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    readonly weights: ReadonlyMap<string, DeviceTensor>,
  ) {
    this.#form = weightForm(headName(config), this.#shape, config);
    this.#programs = new ProgramCache(engine);
  }

  get #shape(): number[] {
    return [this.config.vocabSize, this.config.hiddenSize];
  }

  /** Runs something with the head's weight [vocabulary, hidden]. */
  async use<T>(run: (head: DeviceTensor) => Promise<T>): Promise<T> {
    const parts = weightFeeds(this.weights, headName(this.config), "head");
    if (this.#form.kind === "float32") return await run(parts.head);
    if (this.engine.sharesMemory) {
      this.#kept ??= this.#widened();
      return await run(await this.#kept);
    }
    const program = await this.#programs.get("widen", () => ({
      head: denseWeight(declareWeight(new Graph(), "head", this.#shape, this.#form)),
    }));
    const { head } = await program.run(parts);
    try {
      return await run(head);
    } finally {
      head.dispose();
    }
  }

  async #widened(): Promise<DeviceTensor> {
    const numbers = await readWeight(this.engine, this.weights, headName(this.config), this.#shape, this.#form);
    return await this.engine.store(numbers, this.#shape);
  }

  /** Frees what is kept; the model's weights stay. */
  async dispose(): Promise<void> {
    (await this.#kept)?.dispose();
    this.#kept = null;
    await this.#programs.dispose();
  }
}
