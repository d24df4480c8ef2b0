/** Fields that requests for text have in common, and what of them this service can keep. */
import { z } from "zod";
import type { GenerateRequest } from "../engine/mod.ts";
import { badRequest } from "./api_error.ts";
import type { Limits } from "./limits.ts";

const count = z.number().int();

/** As OpenAI's clients send them, and `top_k`, `min_p`, `repetition_penalty` and others as vLLM takes them. */
export const samplingFields = {
  model: z.string().min(1).max(512),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: count.min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  max_tokens: count.min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string().min(1)).max(16)]).nullish(),
  /** As vLLM has it: tokens that end a reply besides the model's own. */
  stop_token_ids: z.array(count.min(0)).max(64).nullish(),
  seed: count.nullish(),
  n: count.min(1).nullish(),
  /** As vLLM has it: the answer says which tokens prompt and replies are. */
  return_token_ids: z.boolean().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
};

const samplingSchema = z.object(samplingFields);

/** The fields as they were read. */
export type SamplingFields = z.infer<typeof samplingSchema>;

/** What the engine draws with. */
export type Sampling = Omit<GenerateRequest, "model" | "input" | "topLogProbs">;

/**
 * How to draw.
 *
 * @param maxTokens What the request says, by whichever of its fields.
 * @throws {ApiError} 400 for what is out of bounds or cannot be kept, naming the field.
 */
export function readSampling(
  fields: SamplingFields,
  { value: maxTokens, field }: { value: number | null | undefined; field: string },
  limits: Pick<Limits, "maxTokens">,
): Sampling {
  for (const name of ["presence_penalty", "frequency_penalty"] as const) {
    if ((fields[name] ?? 0) !== 0) throw badRequest(`${name} is not known here: use repetition_penalty`, name);
  }
  if (Object.keys(fields.logit_bias ?? {}).length > 0) throw badRequest("logit_bias is not known here", "logit_bias");
  if (maxTokens !== null && maxTokens !== undefined && maxTokens > limits.maxTokens) {
    throw badRequest(`${field}: at most ${limits.maxTokens} here, got ${maxTokens}`, field);
  }
  const stop = typeof fields.stop === "string" ? [fields.stop] : fields.stop ?? [];
  const topK = fields.top_k ?? 0;
  const sampling: Sampling = {
    temperature: fields.temperature ?? undefined,
    topP: fields.top_p ?? undefined,
    // 0 and -1 are vLLM's ways to say: all of them.
    topK: topK > 0 ? topK : undefined,
    minP: fields.min_p ?? undefined,
    repetitionPenalty: fields.repetition_penalty ?? undefined,
    maxTokens: Math.min(maxTokens ?? Infinity, limits.maxTokens),
    stop: stop.filter((text) => text !== ""),
    seed: fields.seed ?? undefined,
    ...(fields.stop_token_ids?.length ? { stopTokenIds: fields.stop_token_ids } : {}),
    ...(fields.return_token_ids ? { returnPromptTokenIds: true } : {}),
  };
  if (maxTokens === null || maxTokens === undefined) delete sampling.maxTokens;
  return sampling;
}

/** The seed of the reply with this number: the same request draws the same replies, each its own. */
export function seedOf(sampling: Sampling, index: number): number | undefined {
  return sampling.seed === undefined ? undefined : sampling.seed + index;
}

/** How many replies, within the limit. */
export function readChoices(n: number | null | undefined, prompts: number, limits: Pick<Limits, "maxChoices">): number {
  const each = n ?? 1;
  if (each * prompts > limits.maxChoices) {
    const what = prompts === 1
      ? `n: at most ${limits.maxChoices} replies here`
      : `n times the prompts: at most ${limits.maxChoices} replies here`;
    throw badRequest(`${what}, got ${each * prompts}`, "n");
  }
  return each;
}

/** Ids as OpenAI's look: `chatcmpl-...`. */
export function newId(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Seconds since 1970. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Tokens as OpenAI counts them. */
export interface OpenaiUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

/** Tokens of all replies of a request. */
export function openaiUsage(promptTokens: number, completionTokens: number, cachedTokens: number): OpenaiUsage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}
