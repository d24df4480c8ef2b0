/** Rollouts written by endpoints. */
import type { GenerateOptions } from "../../models/mod.ts";
import { Random } from "../../random/mod.ts";
import { checkPositiveInteger } from "../step.ts";
import { type Drawing, EndpointPolicy, type EndpointPolicyOptions } from "./endpoint_policy.ts";
import type { SampledCompletion, Sampler, SampleRequest } from "./scored_completions.ts";

/** Which endpoints, and how to sample; names and defaults of drawing as in `localSampler`. */
export interface EndpointSamplerOptions extends EndpointPolicyOptions, Drawing {
  /** Limit in tokens; default 512. */
  maxCompletionLength?: number;
  /** Rounds of one seed draw differently from each other, and the same in every run. Default 42. */
  seed?: number | string;
  /** Completions of one prompt that are asked for by one request; what is drawn does not depend on it. Default 8. */
  samplesPerRequest?: number;
  /** Called as requests end: tokens drawn so far in this round, completions finished and in all. */
  onProgress?: GenerateOptions["onProgress"];
}

/** A sampler over endpoints; dispose it when done: it takes its adapters out of the endpoints again. */
export interface EndpointSampler {
  sample: Sampler;
  dispose(): Promise<void>;
}

/** A part of a round: some completions of one prompt. */
interface Part {
  prompt: readonly number[];
  /** Place of the first one in the round. */
  at: number;
  count: number;
  seed: number;
}

/**
 * A sampler over any number of endpoints that speak OpenAI's completions API and vLLM's additions to it: prompts go out as token
 * ids, completions come back as token ids (`return_token_ids`), adapters are loaded by `/v1/load_lora_adapter`.
 *
 * Each completion has a seed of its own, which depends on the sampler's seed, the round, the prompt's index and the completion's.
 * Where an endpoint draws the same for the same seed, as Kiln's service does, a round is the same whichever endpoints wrote it,
 * how many there are, and which of them failed meanwhile; only a draw that falls on a border to the last bit may go either way.
 * `localSampler` draws by other seeds.
 *
 * An adapter has a name of its own in each round (`kiln-round-12-1f2e3d4c`): nothing is ever drawn from an earlier one, and an
 * endpoint that was away is given the round's adapter before it draws again. Rounds must not overlap.
 *
 * @throws {RangeError} When an option is out of range.
 */
export function endpointSampler(options: EndpointSamplerOptions): EndpointSampler {
  const { maxCompletionLength = 512, seed = 42, samplesPerRequest = 8, onProgress } = options;
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  checkPositiveInteger({ maxCompletionLength, samplesPerRequest });
  // vLLM refuses several greedy completions in one request.
  const most = temperature === 0 ? 1 : samplesPerRequest;
  const drawing = { temperature, topK, topP, minP, repetitionPenalty };
  const policy = new EndpointPolicy(options);

  const sample: Sampler = async ({ prompts, samples, round, signal }: SampleRequest) => {
    const own = new AbortController();
    const either = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
    either.throwIfAborted();
    await policy.begin(round);
    const completions: SampledCompletion[] = new Array(prompts.length * samples);
    let [finished, tokens] = [0, 0];
    const report = () => onProgress?.({ finished, total: completions.length, tokens });
    report();
    const parts = partsOf({ prompts, samples, round }, seed, most).map(async ({ at, ...part }) => {
      const written = await policy.write({ ...part, maxTokens: maxCompletionLength, drawing }, either);
      written.forEach(({ tokenIds, finishReason }, i) => {
        completions[at + i] = { tokenIds, terminated: finishReason === "stop" };
        finished++;
        tokens += tokenIds.length;
      });
      report();
    });
    try {
      await Promise.all(parts);
    } catch (error) {
      own.abort(error);
      await Promise.allSettled(parts);
      throw error;
    }
    return completions;
  };
  sample.fingerprint = { ...drawing, maxCompletionLength, seed, sampler: "endpoints" };
  return { sample, dispose: () => policy.dispose() };
}

/** The requests of a round. */
function partsOf({ prompts, samples, round }: SampleRequest, seed: number | string, most: number): Part[] {
  const random = new Random(`${seed} round ${round}`);
  return prompts.flatMap((prompt, index) => {
    const first = requestSeed(random.fork(index));
    return Array.from({ length: Math.ceil(samples / most) }, (_, part): Part => ({
      prompt,
      at: index * samples + part * most,
      count: Math.min(most, samples - part * most),
      seed: first + part * most,
    }));
  });
}

/** A seed for a request: far from others, so that no two of their completions share one, and exact in JSON. */
export function requestSeed(random: Random): number {
  return Math.floor(random.float() * 2 ** 52);
}
