/** One completion while it is generated. */
import { Random } from "../../random/mod.ts";
import type { DrawnToken, TokenStream } from "./draws.ts";
import type { Completion, FinishReason, GenerationSettings, TokenEvent } from "./options.ts";
import type { SamplingOptions } from "./sample.ts";
import { CompletionText } from "./stop_text.ts";

/** What came of a draw: the token, and the completion if this token ends it. */
export interface TakenToken {
  token: TokenEvent;
  completion: Completion | null;
}

/** Takes a completion's tokens and says when it ends. */
export class Sequence implements TokenStream {
  readonly promptIds: readonly number[];
  readonly sampling: SamplingOptions;
  readonly alternatives: number;
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
    const promptIds = this.promptIds = settings.prompts[promptIndex];
    this.sampling = sampling;
    this.alternatives = settings.topLogProbs;
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

  /** What the model has to have read before the next token can be drawn: the prompt, and the tokens so far. */
  get contextIds(): readonly number[] {
    return this.tokenIds.length === 0 ? this.promptIds : [...this.promptIds, ...this.tokenIds];
  }

  /** 1 / temperature of the probabilities that it draws from; those at 1 when greedy. */
  get inverseTemperature(): number {
    return 1 / (this.sampling.temperature || 1);
  }

  /** Takes the token that was drawn for it. */
  take({ token, logProb, alternatives }: DrawnToken): TakenToken {
    const { promptIndex, sampleIndex } = this;
    this.lastToken = token;
    this.tokenIds.push(token);
    this.#logProbs.push(logProb);
    this.seen?.add(token);
    let textDelta = this.#text?.push(token) ?? "";
    const reason = this.#finishReason(token);
    if (reason) textDelta += this.#text?.finish() ?? "";
    const event: TokenEvent = { kind: "token", promptIndex, sampleIndex, tokenId: token, logProb, textDelta };
    if (alternatives) event.topLogProbs = alternatives;
    return { token: event, completion: reason && this.complete(reason) };
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
