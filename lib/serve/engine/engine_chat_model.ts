/** An engine's model in a chat. */
import { type ChatModel, PromptTooLongError, TaggedText } from "../../agent/chat/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { Engine, GenerateRequest } from "./engine.ts";
import { EngineRequestError } from "./errors.ts";
import { PromptMaker } from "./prompt.ts";

/** How it draws, where a request of the chat does not say. */
export interface EngineChatModelOptions extends Pick<GenerateRequest, "topK" | "minP" | "repetitionPenalty"> {
  /** For messages, logs and tables. Default: the model's id. */
  name?: string;
  /** For requests without a seed. Default 42. */
  seed?: number;
  /** Other variables of the chat template, such as `{ enable_thinking: false }`. */
  templateVariables?: Readonly<Record<string, unknown>>;
  /** For counting in this thread, where an adapter has one of its own. Default: the base model's. */
  tokenizer?: Tokenizer;
}

/**
 * A model of an engine as a chat model: what `localChatModel` says, this says too, while others use the same model. The engine
 * stays the caller's.
 *
 * Its streams throw {@linkcode PromptTooLongError}, and what else `Engine.generate` throws.
 *
 * @param modelId The base model's id or an adapter's.
 * @throws {EngineRequestError} When the engine serves no such model.
 */
export function engineChatModel(engine: Engine, modelId: string, options: EngineChatModelOptions = {}): ChatModel {
  const served = engine.models.find(({ id, kind }) => id === modelId && kind !== "embedder");
  if (!served) throw new EngineRequestError("unknownModel", `model ${JSON.stringify(modelId)} is not served`, "model");
  const { name = modelId, seed = 42, templateVariables, topK, minP, repetitionPenalty } = options;
  const prompts = new PromptMaker(options.tokenizer ?? engine.tokenizer);
  return {
    name,
    canPrefill: true,
    async *stream(request) {
      const { messages, tools, temperature = 0, topP, stop, prefill, signal, maxTokens = 512 } = request;
      signal?.throwIfAborted();
      const input = { messages, tools, prefill, templateVariables };
      const events = engine.generate({
        model: modelId,
        input,
        ...{ temperature, topP, topK, minP, repetitionPenalty, maxTokens, stop, seed: request.seed ?? seed },
      }, { signal });
      let reply: TaggedText | null = null;
      try {
        for await (const event of events) {
          if (event.type === "start") reply = new TaggedText(request, event.begun);
          else if (event.type === "token") {
            if (event.text !== "") yield* reply!.push(event.text);
          } else {
            const { finishReason, promptTokens, completionTokens } = event;
            yield* reply!.end(finishReason, { promptTokens, completionTokens });
          }
        }
      } catch (error) {
        if (!(error instanceof EngineRequestError && error.problem === "tooLong")) throw error;
        // What callers of any chat model know.
        throw new PromptTooLongError(name, prompts.prompt(input).ids.length, served.contextTokens);
      }
    },
    countTokens: (messages, tools) => prompts.prompt({ messages, tools, templateVariables }).ids.length,
  };
}
