/** One completion while it is generated. */
import { Random } from "../../random/mod.ts";
import type { NextTokenScores } from "./decoder.ts";
import type { Completion, FinishReason, GenerationEvent, GenerationSettings } from "./options.ts";
import type { Sampler } from "./sample.ts";
import { CompletionText } from "./stop_text.ts";

/** Draws a completion's tokens and says when it ends. */
export class Sequence {
  readonly tokenIds: number[] = [];
  /** The token drawn last, which the model has not read yet. */
  lastToken = -1;
  readonly #logProbs: number[] = [];
  readonly #random: Random;
  readonly #text: CompletionText | null;
  readonly #seen: Set<number> | undefined;
  readonly #edit: ((logits: Float32Array) => void) | undefined;

  constructor(
    readonly settings: GenerationSettings,
    readonly promptIndex: number,
    readonly sampleIndex: number,
  ) {
    const { seed, tokenizer, sampling, logitsProcessor } = settings;
    const promptIds = settings.prompts[promptIndex];
    this.#random = new Random(seed).fork(promptIndex).fork(sampleIndex);
    this.#text = tokenizer && new CompletionText(tokenizer, settings);
    this.#seen = sampling.repetitionPenalty === 1 ? undefined : new Set(promptIds);
    const context = { promptIndex, sampleIndex, promptIds, tokenIds: this.tokenIds };
    this.#edit = logitsProcessor ? (logits) => logitsProcessor(logits, context) : undefined;
  }

  /**
   * Draws the next token from a row of scores.
   *
   * @param events Where the token is reported, and the completion if this token ends it.
   * @returns Whether the completion has ended.
   */
  draw(sampler: Sampler, scores: NextTokenScores, row: number, events: GenerationEvent[]): boolean {
    const { promptIndex, sampleIndex } = this;
    try {
      sampler.sample(scores, row, this.#random, this.#seen, this.#edit);
    } catch (error) {
      const where = `prompts[${promptIndex}], sample ${sampleIndex}, token ${this.tokenIds.length}`;
      throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    const { token, logProb } = sampler;
    this.lastToken = token;
    this.tokenIds.push(token);
    this.#logProbs.push(logProb);
    this.#seen?.add(token);
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
