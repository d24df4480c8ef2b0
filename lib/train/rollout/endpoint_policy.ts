/** A policy that endpoints (vLLM, Kiln's own service) write with, each of which is given the adapter as it is. */
import { z } from "zod";
import type { LoraAdapter } from "../../adapters/mod.ts";
import { askEndpoint, EndpointFault, type EndpointPool, type Turn as EndpointTurn } from "../../endpoints/mod.ts";
import type { CausalLM, GenerateOptions } from "../../models/mod.ts";
import { RoundAdapters } from "./round_adapters.ts";

/**
 * Which policy, and which endpoints. vLLM is started for it by
 * `VLLM_ALLOW_RUNTIME_LORA_UPDATING=True vllm serve <base model> --enable-lora --max-lora-rank <r> --max-loras 2`, Kiln's own service by
 * `deno task serve --model <base model> --allow-adapters <adapterFolder>`. An adapter that carries tables (`modulesToSave`) is for
 * Kiln's service alone: vLLM takes factors of linear layers.
 */
export interface EndpointPolicyOptions {
  /** Endpoints that serve the base model, and load adapters while they run. It stays the caller's. */
  pool: EndpointPool;
  /** The model that is trained. */
  model: CausalLM;
  /** Its factors as they are at the beginning of a round are written out, and loaded into every endpoint before that one draws. */
  adapter: LoraAdapter;
  /** What the adapter belongs to: the name or folder of the base model, for its `adapter_config.json`. */
  baseModel: string;
  /** Where the adapter of a round is written: a folder that the endpoints can read too. */
  adapterFolder: string;
  /** The same folder as the endpoints see it, where they have it under another path. Default: its absolute path. */
  endpointAdapterFolder?: string;
  /** Milliseconds for one request. Default 600,000. */
  timeoutMs?: number;
}

/** How tokens are chosen; defaults as in `generate`. */
export type Drawing = Pick<GenerateOptions, "temperature" | "topK" | "topP" | "minP" | "repetitionPenalty">;

/** Completions of one prompt. */
export interface AskedCompletions {
  prompt: readonly number[];
  count: number;
  /** Of the first one; those after it have the numbers after it. */
  seed: number;
  maxTokens: number;
  drawing: Drawing;
  /** Texts that end a completion besides the model's end tokens. Default: none. */
  stopStrings?: readonly string[];
  /** Tokens that do. Default: none. */
  stopTokenIds?: readonly number[];
}

/** A completion as an endpoint wrote it. */
export interface EndpointCompletion {
  /** All that was drawn: with the token that ended it, if one did. */
  tokenIds: readonly number[];
  /** `"stopString"`: it ended by itself, and not at a token that ends one. */
  finishReason: "stop" | "stopString" | "length";
}

const id = z.number().int().nonnegative();

/** What of an answer is read. */
const answerSchema = z.object({
  choices: z.array(z.object({
    index: id,
    finish_reason: z.string(),
    token_ids: z.array(id).nullish(),
    prompt_token_ids: z.array(id).nullish(),
  })),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish().catch(null),
});

type Choice = z.infer<typeof answerSchema>["choices"][number];

/** Has endpoints write. */
export class EndpointPolicy {
  readonly #adapters: RoundAdapters;

  constructor(readonly options: EndpointPolicyOptions) {
    this.#adapters = new RoundAdapters(options);
  }

  /** From here on completions are drawn by the adapter as it is now. All that were asked for before must have come. */
  async begin(round: number): Promise<void> {
    await this.#adapters.begin(round);
  }

  /**
   * Has one endpoint write completions, and another one where that fails.
   *
   * @throws What `EndpointPool.run` does, and an error that names the endpoint when its answer cannot be right.
   */
  async write(asked: AskedCompletions, signal: AbortSignal): Promise<EndpointCompletion[]> {
    const { pool, timeoutMs } = this.options;
    return await pool.run(async (turn) => {
      const answer = await this.#adapters.with(turn, async (model) => {
        const body = { ...this.#body(asked), model };
        return await askEndpoint(turn, "/completions", { body, signal: turn.signal, timeoutMs });
      });
      return this.#read(turn, asked, answer);
    }, { replies: asked.count, signal });
  }

  /** Takes the adapters out of the endpoints again. */
  async dispose(): Promise<void> {
    await this.#adapters.dispose();
  }

  /** All of it is said: vLLM takes what is not given from the model's own generation_config.json. */
  #body({ prompt, count, seed, maxTokens, drawing, stopStrings = [], stopTokenIds = [] }: AskedCompletions): object {
    const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = drawing;
    return {
      ...{ prompt, n: count, seed, max_tokens: maxTokens, temperature, top_k: topK === 0 ? -1 : topK },
      ...{ top_p: topP, min_p: minP, repetition_penalty: repetitionPenalty },
      ...(stopStrings.length > 0 ? { stop: stopStrings } : {}),
      stop_token_ids: [...new Set([...this.options.model.config.eosTokenIds, ...stopTokenIds])],
      // A stop string may be a special token.
      skip_special_tokens: false,
      return_token_ids: true,
    };
  }

  #read(turn: EndpointTurn, asked: AskedCompletions, answer: unknown): EndpointCompletion[] {
    const where = `${turn.url}/completions`;
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) {
      throw new EndpointFault("server", `${where} answered what is no completion: ${z.prettifyError(parsed.error)}`);
    }
    const { choices, usage } = parsed.data;
    const { count } = asked;
    const indices = new Set(choices.map(({ index }) => index));
    if (choices.length !== count || indices.size !== count || choices.some(({ index }) => index >= count)) {
      throw new Error(`${where}: expected ${count} completions, numbered from 0, got ${choices.length}`);
    }
    const completions: EndpointCompletion[] = [];
    for (const choice of choices) {
      completions[choice.index] = this.#completion(`${where}, completion ${choice.index}`, asked, choice);
    }
    turn.succeeded({ promptTokens: usage?.prompt_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 });
    return completions;
  }

  /** Looks at a completion: what is learned from must be what was drawn, by this model, after this prompt. */
  #completion(
    where: string,
    { prompt, stopStrings = [], stopTokenIds = [] }: AskedCompletions,
    { finish_reason, token_ids, prompt_token_ids }: Choice,
  ): EndpointCompletion {
    const { eosTokenIds, vocabSize } = this.options.model.config;
    if (!token_ids) {
      throw new Error(
        `${where}: there are no token_ids, which return_token_ids asks for. vLLM has it from 0.10.2 on, Kiln's service too`,
      );
    }
    if (prompt_token_ids && prompt_token_ids.join() !== prompt.join()) {
      throw new Error(`${where}: the endpoint has read another prompt than it was given`);
    }
    const strange = token_ids.find((id) => id >= vocabSize);
    if (strange !== undefined) {
      throw new Error(
        `${where}: token id ${strange} is outside the model's vocabulary of ${vocabSize}: is it another model?`,
      );
    }
    const last = token_ids.at(-1);
    if (finish_reason === "length") return { tokenIds: token_ids, finishReason: "length" };
    if (finish_reason === "stop" && last !== undefined) {
      if (eosTokenIds.includes(last) || stopTokenIds.includes(last)) {
        return { tokenIds: token_ids, finishReason: "stop" };
      }
      if (stopStrings.length > 0) return { tokenIds: token_ids, finishReason: "stopString" };
    }
    throw new Error(
      `${where}: it ended by ${
        JSON.stringify(finish_reason)
      } at token ${last}; expected "stop" at one of the model's ` +
        `end tokens (${eosTokenIds.join(", ")}), or "length": is it another model?`,
    );
  }
}
