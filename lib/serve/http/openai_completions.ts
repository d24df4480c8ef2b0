/** `POST /v1/completions`: goes on with a text. */
import { z } from "zod";
import type { EngineEvent, EngineInput, GenerateRequest } from "../engine/mod.ts";
import { badRequest } from "./api_error.ts";
import { checkPromptLength, generated } from "./generation.ts";
import type { Limits } from "./limits.ts";
import { completionLogProbs, type DrawnTokenLogProb, tokenLogProb } from "./log_probs.ts";
import type { Merged } from "./merge.ts";
import {
  newId,
  nowSeconds,
  type OpenaiUsage,
  openaiUsage,
  readChoices,
  readSampling,
  samplingFields,
  seedOf,
} from "./openai_fields.ts";
import { openaiStream } from "./openai_stream.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";

const tokenIds = z.array(z.number().int().min(0)).min(1);

const completionSchema = z.object({
  ...samplingFields,
  prompt: z.union([z.string(), z.array(z.string()).min(1), tokenIds, z.array(tokenIds).min(1)]),
  logprobs: z.number().int().min(0).max(20).nullish(),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  best_of: z.number().int().nullish(),
  /** As vLLM has it: false shows special tokens in the text, that which ended it too, and finds stop texts that are some. */
  skip_special_tokens: z.boolean().nullish(),
});

/**
 * Goes on with one or several texts, or lists of token ids.
 *
 * @throws {ApiError} Before the answer begins.
 */
export async function completions(context: ServiceContext, exchange: Exchange): Promise<Response> {
  const { limits, metrics, admission } = context;
  const body = await readBody(exchange.request, completionSchema, limits);
  const engine = context.engine();
  const { requests, prompts } = engineRequests(body, limits);
  const ticket = admission.enter(exchange.client, requests.length);
  const lifetime = context.lifetime(exchange);
  const { signal } = lifetime;
  const free = () => ticket.leave();
  const head = { id: newId("cmpl"), object: "text_completion", created: nowSeconds(), model: body.model };
  const events = (async function* () {
    for (const { input } of requests) await checkPromptLength(engine, { model: body.model, input }, limits, "prompt");
    yield* generated({ engine, requests, ticket, signal, metrics });
  })();
  const steps = replySteps(events, requests);
  const perPrompt = requests.length / prompts;
  const showsTokenIds = body.return_token_ids === true;
  if (!body.stream) {
    const work = wholeAnswer(head, steps, requests.length, perPrompt, showsTokenIds);
    return await context.answer({ exchange, lifetime, work, free });
  }
  const chunks = answerChunks(head, steps, perPrompt, body.stream_options?.include_usage === true, showsTokenIds);
  return await openaiStream(context, { exchange, lifetime, chunks, free });
}

function engineRequests(
  body: z.infer<typeof completionSchema>,
  limits: Limits,
): { requests: GenerateRequest[]; prompts: number } {
  if (body.echo) throw badRequest("echo is not known here: put the prompt before the text yourself", "echo");
  if (body.suffix) {
    throw badRequest("suffix is not known here: models of this service only go on with a text", "suffix");
  }
  const inputs = readPrompts(body.prompt);
  const each = readChoices(body.n, inputs.length, limits);
  if ((body.best_of ?? each) !== each) throw badRequest("best_of: only the same number as n is known here", "best_of");
  const sampling = readSampling(body, { value: body.max_tokens, field: "max_tokens" }, limits);
  // 16, as OpenAI has it.
  const maxTokens = sampling.maxTokens ?? 16;
  return {
    prompts: inputs.length,
    requests: inputs.flatMap((input) =>
      Array.from({ length: each }, (_, index) => ({
        ...sampling,
        ...(body.skip_special_tokens === false ? { skipSpecialTokens: false } : {}),
        maxTokens,
        model: body.model,
        input,
        seed: seedOf(sampling, index),
        topLogProbs: body.logprobs ?? undefined,
      }))
    ),
  };
}

function readPrompts(prompt: z.infer<typeof completionSchema>["prompt"]): EngineInput[] {
  if (typeof prompt === "string") return [{ text: prompt }];
  if (prompt.every((item) => typeof item === "number")) return [{ tokenIds: prompt }];
  return prompt.map((item): EngineInput => typeof item === "string" ? { text: item } : { tokenIds: item as number[] });
}

/** What came with an event of one reply. */
interface Step {
  index: number;
  text: string;
  /** Of the prompt, with its start; null where the request asked for no token ids. */
  promptTokenIds: readonly number[] | null;
  tokenIds: number[];
  tokens: DrawnTokenLogProb[];
  /** Undefined: the request asked for no log-probabilities. */
  hasLogProbs: boolean;
  finishReason: "stop" | "length" | null;
  usage: { promptTokens: number; completionTokens: number; cachedTokens: number } | null;
}

async function* replySteps(
  events: AsyncGenerator<Merged<EngineEvent>, void>,
  requests: readonly GenerateRequest[],
): AsyncGenerator<Step, void> {
  for await (const { index, value } of events) {
    const step: Step = { ...emptyStep(index), hasLogProbs: requests[index].topLogProbs !== undefined };
    if (value.type === "start") {
      if (value.promptTokenIds) yield { ...step, promptTokenIds: value.promptTokenIds };
    } else if (value.type === "token") {
      const logProb = tokenLogProb(value);
      yield { ...step, text: value.text, tokenIds: [value.tokenId], tokens: logProb === null ? [] : [logProb] };
    } else if (value.type === "end") {
      yield { ...step, finishReason: value.finishReason, usage: value };
    }
  }
}

function emptyStep(index: number): Step {
  return {
    ...{ index, text: "", promptTokenIds: null, tokenIds: [], tokens: [] },
    ...{ hasLogProbs: false, finishReason: null, usage: null },
  };
}

/** As vLLM shows them, where the request asked for them: those of the prompt once, with what comes first of a reply. */
function shownTokenIds({ promptTokenIds, tokenIds }: Step, isAsked: boolean): object {
  if (!isAsked) return {};
  return { ...(promptTokenIds === null ? {} : { prompt_token_ids: promptTokenIds }), token_ids: tokenIds };
}

async function wholeAnswer(
  head: object,
  steps: AsyncIterable<Step>,
  replies: number,
  perPrompt: number,
  showsTokenIds: boolean,
): Promise<object> {
  const whole = Array.from({ length: replies }, (_, index) => emptyStep(index));
  for await (const { index, text, promptTokenIds, tokenIds, tokens, hasLogProbs, finishReason, usage } of steps) {
    const reply = whole[index];
    reply.text += text;
    reply.promptTokenIds = promptTokenIds ?? reply.promptTokenIds;
    reply.tokenIds.push(...tokenIds);
    reply.tokens.push(...tokens);
    reply.hasLogProbs = hasLogProbs;
    reply.finishReason = finishReason ?? reply.finishReason;
    reply.usage = usage ?? reply.usage;
  }
  return {
    ...head,
    choices: whole.map((reply) => ({
      index: reply.index,
      text: reply.text,
      logprobs: reply.hasLogProbs ? completionLogProbs(reply.tokens, 0) : null,
      finish_reason: reply.finishReason,
      ...shownTokenIds(reply, showsTokenIds),
    })),
    usage: usageOf(whole, perPrompt),
  };
}

async function* answerChunks(
  head: object,
  steps: AsyncIterable<Step>,
  perPrompt: number,
  includeUsage: boolean,
  showsTokenIds: boolean,
): AsyncGenerator<object, void> {
  const ended: Step[] = [];
  const offsets = new Map<number, number>();
  for await (const step of steps) {
    const { index, text, tokens, tokenIds, promptTokenIds, finishReason } = step;
    if (finishReason !== null) ended.push(step);
    const isShown = text !== "" || tokens.length > 0 || finishReason !== null;
    if (!isShown && !(showsTokenIds && (tokenIds.length > 0 || promptTokenIds))) continue;
    const offset = offsets.get(index) ?? 0;
    offsets.set(index, offset + tokens.reduce((sum, { token }) => sum + token.length, 0));
    const logprobs = tokens.length > 0 ? completionLogProbs(tokens, offset) : null;
    const choice = { index, text, logprobs, finish_reason: finishReason, ...shownTokenIds(step, showsTokenIds) };
    yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) };
  }
  if (includeUsage) yield { ...head, choices: [], usage: usageOf(ended, perPrompt) };
}

/** A prompt counts once, however many replies it has. */
function usageOf(replies: readonly Step[], perPrompt: number): OpenaiUsage {
  let [prompt, completion, cached] = [0, 0, 0];
  for (const { index, usage } of replies) {
    completion += usage?.completionTokens ?? 0;
    if (index % perPrompt > 0) continue;
    prompt += usage?.promptTokens ?? 0;
    cached += usage?.cachedTokens ?? 0;
  }
  return openaiUsage(prompt, completion, cached);
}
