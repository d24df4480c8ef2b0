/** One completion while it is generated. */
import { Random } from "../../random/mod.ts";
import type { DrawnToken, TokenStream } from "./draws.ts";
import type { Completion, FinishReason, GenerationEvent, GenerationSettings } from "./options.ts";
import { CompletionText } from "./stop_text.ts";

/** Takes a completion's tokens and says when it ends. */
export class Sequence implements TokenStream {
  readonly random: Random;
  readonly seen: Set<number> | undefined;
  readonly edit: ((logits: Float32Array) => void) | undefined;
  readonly tokenIds: number[] = [];
  /** The token drawn last, which the model has not read yet. */
  lastToken = -1;
  readonly #logProbs: number[] = [];
  readonly #text: CompletionText | null;

  constructor(
    readonly settings: GenerationSettings,
    readonly promptIndex: number,
    readonly sampleIndex: number,
  ) {
    const { seed, seeds, tokenizer, sampling, logitsProcessor } = settings;
    const promptIds = settings.prompts[promptIndex];
    const promptRandom = seeds ? new Random(seeds[promptIndex]) : new Random(seed).fork(promptIndex);
    this.random = promptRandom.fork(sampleIndex);
    this.#text = tokenizer && new CompletionText(tokenizer, settings);
    this.seen = sampling.repetitionPenalty === 1 ? undefined : new Set(promptIds);
    const context = { promptIndex, sampleIndex, promptIds, tokenIds: this.tokenIds };
    this.edit = logitsProcessor ? (logits) => logitsProcessor(logits, context) : undefined;
  }

  get place(): string {
    return `prompts[${this.promptIndex}], sample ${this.sampleIndex}, token ${this.tokenIds.length}`;
  }

  /**
   * Takes the token that was drawn for it.
   *
   * @param events Where the token is reported, and the completion if this token ends it.
   * @returns Whether the completion has ended.
   */
  take({ token, logProb }: DrawnToken, events: GenerationEvent[]): boolean {
    const { promptIndex, sampleIndex } = this;
    this.lastToken = token;
    this.tokenIds.push(token);
    this.#logProbs.push(logProb);
    this.seen?.add(token);
    let textDelta = this.#text?.push(token) ?? "";
    const reason = this.#finishReason(token);
    if (reason) textDelta += this.#text?.finish() ?? "";
    events.push({ kind: "token", promptIndex, sampleIndex, tokenId: token, logProb, textDelta });
    if (reason) events.push({ kind: "completion", completion: this.complete(reason) });
    return reason !== null;
  }

  #finishReason(token: number): FinishReason | null {
    if (this.settings.stopTokenIds.has(token)) return "stop";
    if (this.#text?.stopped) return "stopString";
    return this.tokenIds.length >= this.settings.maxNewTokens ? "length" : null;
  }

  /** The completion as it is now. */
  complete(finishReason: FinishReason): Completion {
    const { promptIndex, sampleIndex, tokenIds } = this;
    this.#text?.finish();
    const completion: Completion = {
      promptIndex,
      sampleIndex,
      tokenIds,
      logProbs: Float32Array.from(this.#logProbs),
      finishReason,
    };
    return this.#text ? { ...completion, text: this.#text.text } : completion;
  }
}
