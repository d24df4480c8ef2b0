/** From what a request brings to the tokens that the model reads. */
import { plainChat } from "../../agent/chat/mod.ts";
import type { ChatMessage, Tokenizer } from "../../tokenizer/mod.ts";
import type { EngineInput } from "./engine.ts";
import { EngineRequestError } from "./errors.ts";

/** A prompt as the model reads it. */
export interface EnginePrompt {
  ids: readonly number[];
  /** What the reply begins with already: reasoning that the chat template began, and the prefill. */
  begun: string;
}

/** Makes prompts for one tokenizer. */
export class PromptMaker {
  readonly #plain: ReturnType<typeof plainChat>;
  /** A long text takes a second to cut into tokens, and several replies to one prompt come one after another. */
  #last: { key: string; prompt: EnginePrompt } | null = null;

  constructor(readonly tokenizer: Tokenizer, readonly vocabSize = tokenizer.vocabSize) {
    this.#plain = plainChat(tokenizer);
  }

  /** @throws {EngineRequestError} When the chat template refuses the messages, or there is nothing to read. */
  prompt(input: EngineInput): EnginePrompt {
    const key = JSON.stringify(input);
    if (this.#last?.key === key) return this.#last.prompt;
    const prompt = this.#promptOf(input);
    if (prompt.ids.length > 0) {
      this.#last = { key, prompt };
      return prompt;
    }
    throw new EngineRequestError("option", "input: expected at least one token, got an empty text", "input");
  }

  #promptOf(input: EngineInput): EnginePrompt {
    if ("tokenIds" in input) {
      const unknown = input.tokenIds.find((id) => id >= this.vocabSize);
      if (unknown === undefined) return { ids: input.tokenIds, begun: "" };
      throw new EngineRequestError(
        "option",
        `input: token id ${unknown} is outside the model's vocabulary of ${this.vocabSize}`,
        "input",
      );
    }
    if ("text" in input) return { ids: this.tokenizer.encode(input.text), begun: "" };
    const { prefill = "", templateVariables: variables } = input;
    // Models are not trained to read the reasoning of earlier turns.
    const chat = this.#plain(input.messages.map(withoutReasoning), input.tools);
    let rendered: string;
    try {
      rendered = this.tokenizer.applyChatTemplate(chat.messages, {
        tools: chat.tools,
        variables: variables && { ...variables },
        addGenerationPrompt: true,
      });
    } catch (error) {
      throw new EngineRequestError(
        "template",
        `messages: ${error instanceof Error ? error.message : error}`,
        "messages",
      );
    }
    return { ids: this.tokenizer.encode(rendered + prefill), begun: begunReasoning(rendered) + prefill };
  }
}

function withoutReasoning({ reasoning_content: _, ...message }: ChatMessage): ChatMessage {
  return message;
}

/** Some templates begin the assistant's turn with `<think>`, so that the reply does not. */
function begunReasoning(rendered: string): string {
  return /<think>\s*$/.exec(rendered)?.[0] ?? "";
}
