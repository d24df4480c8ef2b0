/** Rollouts written by the model that is being trained. */
import type { LoraAdapter } from "../../adapters/mod.ts";
import { type CausalLM, generate, type GenerateOptions } from "../../models/mod.ts";
import { policyDecoder } from "./policy_decoder.ts";
import type { Sampler } from "./scored_completions.ts";

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

/** A sampler over the local model, with a `policyDecoder`. */
export function localSampler(options: LocalSamplerOptions): LocalSampler {
  const { model, adapter = null, maxCompletionLength = 512, seed = 42, ...sampling } = options;
  const decoder = policyDecoder(model, adapter);
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
