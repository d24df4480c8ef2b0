/** What a model needs to know of a LoRA adapter; making, saving and loading one is `lib/adapters`. */
import type { DeviceTensor } from "../engine/mod.ts";
import { loraNames } from "./block_programs.ts";
import type { LinearModule } from "./decoder_block.ts";

/** The factors of a low-rank adapter, on the model's engine. */
export interface AdapterWeights {
  /** The linear layers it corrects, in every block. */
  modules: readonly LinearModule[];
  /** Rank. */
  r: number;
  /** alpha / rank, or alpha / sqrt(rank). */
  scaling: number;
  /**
   * Everything that is trained, by name: factors `model.layers.0.self_attn.q_proj.lora_A` [rank, in] and `.lora_B` [out, rank];
   * and what the adapter carries of the token table and the head (`carriedTables`).
   */
  factors: Map<string, DeviceTensor>;
  /** The ids of the tokens of which it carries rows; absent where it carries whole tables or none. */
  trainableTokenIndices?: readonly number[];
}

/** One layer's factors by their names inside the block. */
export function adapterFeeds(adapter: AdapterWeights | null, layer: number): Record<string, DeviceTensor> {
  const feeds: Record<string, DeviceTensor> = {};
  for (const module of adapter?.modules ?? []) {
    for (const name of Object.values(loraNames(module))) {
      const factor = adapter!.factors.get(`model.layers.${layer}.${name}`);
      if (!factor) throw new Error(`the adapter has no "model.layers.${layer}.${name}"`);
      feeds[name] = factor;
    }
  }
  return feeds;
}
