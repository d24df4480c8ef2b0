/** Compiled programs for one model and any number of adapters. */
import type { AdapterWeights } from "../adapter_weights.ts";
import type { CausalLM } from "../causal_lm.ts";
import { Decoder, type DecoderOptions } from "./decoder.ts";

/** How to compile them. */
export interface DecodersOptions extends Omit<DecoderOptions, "adapter"> {
  /** The adapter whose programs the model without an adapter takes too. Default: it has programs of its own. */
  first?: AdapterWeights | null;
  /** What takes the model's place for adapters that carry tables of their own, from `modelWithTables`. */
  views?: ReadonlyMap<AdapterWeights, CausalLM>;
}

/** One decoder for each shape of adapter, compiled when it is first used and kept. Dispose it when done. */
export class Decoders {
  readonly first: AdapterWeights | null;
  readonly #options: DecodersOptions;
  readonly #byShape = new Map<string, Decoder>();
  readonly #ofViews = new Map<AdapterWeights, Decoder>();

  constructor(readonly model: CausalLM, options: DecodersOptions = {}) {
    this.first = options.first ?? null;
    this.#options = options;
  }

  /** The decoder for an adapter, or for the model alone. */
  of(adapter: AdapterWeights | null): Decoder {
    const view = adapter && this.#options.views?.get(adapter);
    if (view) {
      const own = this.#ofViews.get(adapter) ?? new Decoder(view, { ...this.#options, adapter });
      this.#ofViews.set(adapter, own);
      return own;
    }
    const shape = adapter ?? this.first;
    const key = shape === null ? "" : `${shape.r}:${[...shape.modules].sort().join()}`;
    let decoder = this.#byShape.get(key);
    if (!decoder) this.#byShape.set(key, decoder = new Decoder(this.model, { ...this.#options, adapter: shape }));
    return decoder;
  }

  /** Frees programs that are an adapter's alone. Others of its shape may be used again. */
  async release(adapter: AdapterWeights): Promise<void> {
    const own = this.#ofViews.get(adapter);
    this.#ofViews.delete(adapter);
    await own?.dispose();
  }

  /** Frees the programs. The model, its views and its adapters stay. */
  async dispose(): Promise<void> {
    const decoders = [...this.#byShape.values(), ...this.#ofViews.values()];
    this.#byShape.clear();
    this.#ofViews.clear();
    for (const decoder of decoders) await decoder.dispose();
  }
}
