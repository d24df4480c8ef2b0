/** Text generation: batches, groups of samples, streaming. */
import type { CausalLM } from "../causal_lm.ts";
import { Decoder, type Policy } from "./decoder.ts";
import { type Completion, type GenerateOptions, type GenerationEvent, resolveSettings } from "./options.ts";
import { Scheduler } from "./scheduler.ts";

/**
 * Generates completions of prompts.
 *
 * Each distinct prompt is read once, whatever the number of its samples, and so is what prompts begin with that are read
 * together. A completion depends on the seed, its prompt's index (or on its prompt's own seed) and its own index, and not on
 * what it shares a batch with.
 *
 * @returns The completions of each prompt, [prompt][sample].
 * @throws When an option makes no sense for the model; the message names it, and the prompt. Nothing was run then.
 */
export async function generate(model: CausalLM, options: GenerateOptions): Promise<Completion[][]> {
  const completions: Completion[][] = options.prompts.map(() => []);
  for await (const events of eventsByStep(model, options)) {
    for (const event of events) {
      if (event.kind === "token") continue;
      const { completion } = event;
      completions[completion.promptIndex][completion.sampleIndex] = completion;
    }
  }
  return completions;
}

/**
 * Generates as `generate` does, and yields each token as it comes, and each completion as it ends. A consumer that stops
 * listening stops the generation.
 */
export async function* streamGenerate(model: CausalLM, options: GenerateOptions): AsyncGenerator<GenerationEvent> {
  for await (const events of eventsByStep(model, options)) yield* events;
}

async function* eventsByStep(model: CausalLM, options: GenerateOptions): AsyncGenerator<GenerationEvent[]> {
  const settings = resolveSettings(model.config, options);
  const { adapter = null, decoder: ownDecoder, prefixCache = null, signal, onToken, onProgress } = options;
  if (ownDecoder && ownDecoder.model !== model) throw new Error("decoder: it was made for another model");
  prefixCache?.usedBy(model, adapter);
  // One text is not worth freezing float32 weights for; those of few bits would be widened at each step.
  const weights = model.config.precision ? undefined : "inputs";
  const decoder = ownDecoder ?? new Decoder(model, { adapter, weights });
  const total = settings.prompts.length * settings.samples;
  let [finished, tokens] = [0, 0];
  let [policy, scheduler]: [Policy | null, Scheduler | null] = [null, null];
  try {
    // Temperature 0 is greedy: its log-probabilities are those at temperature 1.
    policy = await decoder.policy(adapter, settings.sampling.temperature || 1);
    scheduler = new Scheduler(decoder, policy, settings, prefixCache);
    onProgress?.({ finished, total, tokens });
    while (!scheduler.done) {
      const events = signal?.aborted ? scheduler.abort() : await scheduler.step();
      const before = finished;
      for (const event of events) {
        if (event.kind === "completion") finished++;
        else {
          tokens++;
          onToken?.(event);
        }
      }
      if (finished > before) onProgress?.({ finished, total, tokens });
      yield events;
    }
  } finally {
    scheduler?.dispose();
    policy?.dispose();
    if (!ownDecoder) await decoder.dispose();
  }
}
