/** A model of ours in a chat. */
import {
  type AdapterWeights,
  type CausalLM,
  Decoders,
  type GenerateOptions,
  streamGenerate,
} from "../../models/mod.ts";
import type { ChatMessage, Tokenizer, ToolDefinition } from "../../tokenizer/mod.ts";
import type { ChatModel, ChatRequest } from "./chat_model.ts";
import { plainChat } from "./plain_chat.ts";
import { TaggedText } from "./tagged_text.ts";

/** Which model, and how it draws; names as in `generate`. */
export interface LocalChatModelOptions extends Pick<GenerateOptions, "topK" | "minP" | "repetitionPenalty"> {
  model: CausalLM;
  /** Its chat template makes the prompt. */
  tokenizer: Tokenizer;
  /** Default: none. */
  adapter?: AdapterWeights | null;
  /** For messages, logs and tables. Default: `"local"`. */
  name?: string;
  /** For requests without a seed. Default 42. */
  seed?: number;
  /** Whether the reasoning of earlier turns is given to the chat template. Default false. */
  keepReasoning?: boolean;
  /** Other variables of the chat template, such as `{ enable_thinking: false }`. */
  templateVariables?: Record<string, unknown>;
}

/** A request that may bring an adapter of its own. */
export interface LocalChatRequest extends ChatRequest {
  /** Null: the model without one. Default: the chat model's. */
  adapter?: AdapterWeights | null;
}

/** A local chat model. Dispose it when done; the model, its adapters and the tokenizer stay the caller's. */
export interface LocalChatModel extends ChatModel {
  stream(request: LocalChatRequest): ReturnType<ChatModel["stream"]>;
  /** The same model with another adapter, or none. Compiled programs are shared, and so is their end: dispose any one of them. */
  withAdapter(adapter: AdapterWeights | null, name?: string): LocalChatModel;
  dispose(): Promise<void>;
}

/** The conversation is longer than the model reads. */
export class PromptTooLongError extends RangeError {
  override name = "PromptTooLongError";

  constructor(readonly model: string, readonly promptTokens: number, readonly maxTokens: number) {
    super(
      `${model}: the chat has ${promptTokens} tokens with its tools, and the model reads ${maxTokens}, its reply included: ` +
        "leave out earlier turns, or shorten the messages or the tools",
    );
  }
}

/**
 * A local language model as a chat model. Programs are compiled at the first reply, one set for each shape of adapter, and kept;
 * the set for the first adapter serves the model without one too.
 *
 * A reply ends at the positions that the model has, when `maxTokens` would lead beyond them. The same seed gives the same
 * reply. Text that looks like a special token, in messages and in results of tools, is given to the model as plain text.
 *
 * Its streams throw {@linkcode PromptTooLongError}, and what the chat template says to messages that it refuses.
 */
export function localChatModel(options: LocalChatModelOptions): LocalChatModel {
  return chatModel(options, new Decoders(options.model, { first: options.adapter }));
}

function chatModel(options: LocalChatModelOptions, decoders: Decoders): LocalChatModel {
  const { model, tokenizer, name = "local", seed = 42, templateVariables: variables, topK, minP, repetitionPenalty } =
    options;
  const plain = plainChat(tokenizer);
  const render = (messages: readonly ChatMessage[], tools?: readonly ToolDefinition[]) => {
    const chat = plain(options.keepReasoning ? messages : messages.map(withoutReasoning), tools);
    return tokenizer.applyChatTemplate(chat.messages, { tools: chat.tools, variables, addGenerationPrompt: true });
  };
  return {
    name,
    canPrefill: true,
    async *stream(request) {
      const { messages, tools, temperature = 0, topP, stop, prefill = "", signal, maxTokens = 512 } = request;
      const adapter = request.adapter === undefined ? options.adapter ?? null : request.adapter;
      signal?.throwIfAborted();
      const rendered = render(messages, tools);
      const prompt = tokenizer.encode(rendered + prefill);
      const { maxPositions } = model.config;
      if (prompt.length >= maxPositions) throw new PromptTooLongError(name, prompt.length, maxPositions);
      const reply = new TaggedText(request, begunReasoning(rendered) + prefill);
      const events = streamGenerate(model, {
        prompts: [prompt],
        maxNewTokens: Math.min(maxTokens, maxPositions - prompt.length),
        temperature,
        topP,
        topK,
        minP,
        repetitionPenalty,
        stopStrings: stop,
        seed: request.seed ?? seed,
        adapter,
        decoder: decoders.of(adapter),
        tokenizer,
        signal,
      });
      const usage = { promptTokens: prompt.length, completionTokens: 0 };
      for await (const event of events) {
        if (event.kind === "token") {
          usage.completionTokens++;
          if (event.textDelta !== "") yield* reply.push(event.textDelta);
          continue;
        }
        const { finishReason } = event.completion;
        if (finishReason === "aborted") signal?.throwIfAborted();
        yield* reply.end(finishReason === "length" ? "length" : "stop", usage);
      }
    },
    countTokens: (messages, tools) => tokenizer.encode(render(messages, tools)).length,
    withAdapter: (adapter, ownName = name) => chatModel({ ...options, adapter, name: ownName }, decoders),
    dispose: () => decoders.dispose(),
  };
}

function withoutReasoning({ reasoning_content: _, ...message }: ChatMessage): ChatMessage {
  return message;
}

/** Some templates begin the assistant's turn with `<think>`, so that the reply does not. */
function begunReasoning(rendered: string): string {
  return /<think>\s*$/.exec(rendered)?.[0] ?? "";
}
