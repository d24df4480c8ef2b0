/** The programs that a policy in training writes with. */
import { type AdapterWeights, type CausalLM, Decoder } from "../../models/mod.ts";

/**
 * A decoder to keep over all rounds of a run; dispose it when done. With an adapter, or in few bits, the model's own weights
 * stay as they are: they may be frozen into fast programs once, where that is faster. Else they are read anew at each call,
 * since training changes them.
 */
export function policyDecoder(model: CausalLM, adapter: AdapterWeights | null = null): Decoder {
  const isFixed = adapter !== null || model.config.precision !== undefined;
  return new Decoder(model, { adapter, weights: isFixed ? undefined : "inputs" });
}
