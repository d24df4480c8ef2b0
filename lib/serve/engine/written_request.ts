/** A request that is being written, on its way from the batch to its reader. */
import type { BatchEvent, BatchHandle, TokenEvent } from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { EngineEvent } from "./engine.ts";
import { type Answer, errorMessage } from "./protocol.ts";

/** What it needs to know of its request. */
export interface WrittenRequestOptions {
  tokenizer: Tokenizer;
  /** What the reply begins with. */
  begun: string;
  /** What the start says of the prompt. Undefined: only its length. */
  promptTokenIds?: readonly number[];
  /** Undefined: tokens come without log-probabilities. */
  topLogProbs?: number;
  /** Tokens that its reader may be behind before its row is taken away. */
  windowTokens: number;
  /** Where answers go. */
  send: (answer: Answer) => void;
}

/** Turns a batch's events into answers, and sets the request aside while its reader is behind. */
export class WrittenRequest {
  /** Set once the batch has taken the request. */
  handle: BatchHandle | null = null;
  readonly startedAt = performance.now();
  #start = { promptTokens: 0, cachedTokens: 0 };
  /** Tokens that were sent and not read. */
  #behind = 0;

  constructor(readonly options: WrittenRequestOptions) {}

  /** Takes what came of it. */
  take(event: BatchEvent): void {
    const { send, begun, promptTokenIds, windowTokens } = this.options;
    if (event.kind === "start") {
      const { promptTokens, cachedTokens } = this.#start = event;
      const start: EngineEvent = { type: "start", promptTokens, cachedTokens, begun };
      this.#send(promptTokenIds === undefined ? start : { ...start, promptTokenIds });
    } else if (event.kind === "token") {
      this.#send(this.#token(event));
      if (++this.#behind >= windowTokens) this.handle?.pause();
    } else if (event.kind === "failed") {
      send({ type: "error", error: errorMessage(event.error) });
    } else {
      const { finishReason, tokenIds } = event.completion;
      // Whoever aborted it knows.
      if (finishReason === "aborted") return;
      const { promptTokens, cachedTokens } = this.#start;
      const counts = { promptTokens, completionTokens: tokenIds.length, cachedTokens };
      this.#send({ type: "end", finishReason: finishReason === "length" ? "length" : "stop", ...counts });
    }
  }

  /** Its reader has come nearer by so many tokens. */
  read(tokens: number): void {
    this.#behind = Math.max(0, this.#behind - tokens);
    if (this.#behind <= this.options.windowTokens / 2) this.handle?.resume();
  }

  #send(event: EngineEvent): void {
    this.options.send({ type: "event", event });
  }

  #token({ tokenId, textDelta, logProb, topLogProbs = [] }: TokenEvent): EngineEvent {
    if (this.options.topLogProbs === undefined) return { type: "token", tokenId, text: textDelta };
    const alternatives = topLogProbs.map((one) => ({ ...one, text: this.#textOf(one.tokenId) }));
    const tokenText = this.#textOf(tokenId);
    return { type: "token", tokenId, text: textDelta, logProb, tokenText, topLogProbs: alternatives };
  }

  #textOf(id: number): string {
    const { tokenizer } = this.options;
    // A model may have more embeddings than the tokenizer has tokens; those mean nothing.
    return tokenizer.idToToken(id) === undefined ? "" : tokenizer.decode([id]);
  }
}
