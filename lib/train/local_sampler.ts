/** Rollouts written by the model that is being trained. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { type CausalLM, Decoder, generate, type GenerateOptions } from "../models/mod.ts";
import type { Sampler } from "./rollout.ts";

/** How to sample; names and defaults as in `generate`, but for the length. */
export interface LocalSamplerOptions
  extends Pick<GenerateOptions, "temperature" | "topK" | "topP" | "minP" | "repetitionPenalty" | "maxBatchRows"> {
  model: CausalLM;
  /** Sample with this adapter; its current factors are read at each call. */
  adapter?: LoraAdapter | null;
  /** Limit in tokens; default 512. */
  maxCompletionLength?: number;
  /** Rounds of one seed draw differently from each other, and the same in every run. Default 42. */
  seed?: number | string;
  /** Called as tokens come: tokens drawn so far in this round, completions finished and in all. */
  onProgress?: GenerateOptions["onProgress"];
}

/** A sampler with its compiled programs; dispose it when done. */
export interface LocalSampler {
  sample: Sampler;
  dispose(): Promise<void>;
}

/**
 * A sampler over the local model. With an adapter, or in few bits, the model's own weights stay as they are: they may be
 * frozen into fast programs once, where that is faster. Else they are read anew at each call, since training changes them.
 */
export function localSampler(options: LocalSamplerOptions): LocalSampler {
  const { model, adapter = null, maxCompletionLength = 512, seed = 42, ...sampling } = options;
  const isFixed = adapter !== null || model.config.precision !== undefined;
  const decoder = new Decoder(model, { adapter, weights: isFixed ? undefined : "inputs" });
  const sample: Sampler = async ({ prompts, samples, round, signal }) => {
    const completions = await generate(model, {
      ...sampling,
      prompts,
      samples,
      maxNewTokens: maxCompletionLength,
      seed: `${seed} round ${round}`,
      adapter,
      decoder,
      signal,
    });
    signal?.throwIfAborted();
    return completions.flat().map(({ tokenIds, finishReason }) => ({
      tokenIds,
      terminated: finishReason === "stop",
    }));
  };
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = sampling;
  sample.fingerprint = { temperature, topK, topP, minP, repetitionPenalty, maxCompletionLength, seed };
  return { sample, dispose: () => decoder.dispose() };
}
