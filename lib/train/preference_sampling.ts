/** Preference data of which only the better half is known: the other is what a model says by itself. */
import type { Tokenizer } from "../tokenizer/mod.ts";
import type { ChatPreference } from "./preference_rows.ts";
import { chunk } from "./batch.ts";
import type { Sampler } from "./rollout/mod.ts";
import { checkPositiveInteger } from "./step.ts";

/** Who writes the rejected completions, and how. */
export interface SampleRejectedOptions {
  tokenizer: Pick<Tokenizer, "encode" | "decode" | "applyChatTemplate">;
  /** Writes completions: see `localSampler`. The base model's, so that its own answers become the worse ones. */
  sampler: Sampler;
  /** Rejected completions for each prompt; default 1. */
  samples?: number;
  /** Prompts sampled together; default 32. */
  batchSize?: number;
  signal?: AbortSignal;
  /** Called after each batch: prompts done, and all. */
  onProgress?: (done: number, all: number) => void;
}

/** Pairs with sampled rejected completions. */
export interface SampledPreferences {
  /** `samples` rows for each prompt. Clean them: a model may say nothing, or the same. */
  rows: ChatPreference[];
  /** Completions that were cut off at the sampler's limit. */
  truncated: number;
}

/**
 * Makes pairs of prompts with good answers: each answer is chosen over what the sampler writes.
 *
 * @throws When the sampler does not give as many completions as were asked for.
 */
export async function sampleRejected(
  rows: readonly Pick<ChatPreference, "prompt" | "chosen">[],
  { tokenizer, sampler, samples = 1, batchSize = 32, signal, onProgress }: SampleRejectedOptions,
): Promise<SampledPreferences> {
  checkPositiveInteger({ samples, batchSize });
  const result: SampledPreferences = { rows: [], truncated: 0 };
  for (const [round, part] of chunk(rows, batchSize).entries()) {
    signal?.throwIfAborted();
    const prompts = part.map(({ prompt }) =>
      tokenizer.encode(tokenizer.applyChatTemplate([...prompt], { addGenerationPrompt: true }))
    );
    const completions = await sampler({ prompts, samples, round, signal });
    if (completions.length !== part.length * samples) {
      throw new Error(
        `the sampler gave ${completions.length} completions: expected ${samples} for each of ${part.length} prompts`,
      );
    }
    completions.forEach(({ tokenIds, terminated }, i) => {
      const { prompt, chosen } = part[Math.floor(i / samples)];
      const content = tokenizer.decode(tokenIds, { skipSpecialTokens: true });
      result.rows.push({ prompt, chosen, rejected: [{ role: "assistant", content }] });
      if (!terminated) result.truncated++;
    });
    onProgress?.(Math.min((round + 1) * batchSize, rows.length), rows.length);
  }
  return result;
}
