/** One reply of a model with what it took, also where it breaks off. */
import type { ChatModel, ChatRequest, ChatUsage } from "./chat_model.ts";
import { addEvent, type ChatReply, emptyReply } from "./collect_reply.ts";
import { estimateTextTokens } from "./estimate_tokens.ts";

/** A reply that is asked for once. */
export class CountedReply {
  readonly #reply = emptyReply();
  #hasBegun = false;
  #hasEnded = false;

  constructor(private readonly model: ChatModel, private readonly request: Omit<ChatRequest, "signal">) {}

  /**
   * Asks, and reads the reply to its end.
   *
   * @throws What the model throws, the signal's reason, and an error for a reply that just stops.
   */
  async read(signal: AbortSignal): Promise<ChatReply> {
    for await (const event of this.model.stream({ ...this.request, signal })) {
      // A model that takes no heed of the signal is left here.
      signal.throwIfAborted();
      this.#hasBegun = true;
      this.#hasEnded ||= event.type === "end";
      addEvent(this.#reply, event);
    }
    if (!this.#hasEnded) throw new Error("the reply has no end");
    return this.#reply;
  }

  /** Whether something has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether all has come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it took: as the model says at the end; before, the prompt and an estimate of what has come. */
  get usage(): ChatUsage {
    if (this.#hasEnded) return this.#reply.usage;
    const { reasoning, text } = this.#reply;
    return {
      promptTokens: this.model.countTokens(this.request.messages),
      completionTokens: estimateTextTokens(reasoning + text),
      isEstimated: true,
    };
  }
}

/** Adds what one reply took to what others did. */
export function addUsage(total: ChatUsage, { promptTokens, completionTokens, isEstimated }: ChatUsage): void {
  total.promptTokens += promptTokens;
  total.completionTokens += completionTokens;
  if (isEstimated) total.isEstimated = true;
}
