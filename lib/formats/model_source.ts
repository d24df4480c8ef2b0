/** What is exported: a model's weights one at a time, with its tokenizer, wherever they come from. */
import type { CausalLM, ModelConfig } from "../models/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";

/** A model that an export reads. Whatever an adapter adds is in the weights already. */
export interface ModelSource {
  /** For metadata and messages, such as `Qwen2.5-0.5B-Instruct`. */
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** The checkpoint's own config.json, where there is one: it may have fields that `config` knows nothing of. */
  readonly configJson?: Readonly<Record<string, unknown>>;
  /**
   * A weight's numbers by its checkpoint name, one of those of `weightShapes(config)`. They are the caller's: a later call does
   * not give the same array again.
   */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes its files. */
  close(): void;
}

/** A loaded model as a source. It stays usable, and is not closed with it. */
export function sourceOfModel(model: CausalLM, tokenizer: Tokenizer, name: string): ModelSource {
  return {
    name,
    config: model.config,
    tokenizer,
    read: async (weight) => (await model.readWeight(weight)).slice(),
    close() {},
  };
}
