/**
 * From scores to a token: temperature, top-k, top-p (Holtzman et al. 2020, arXiv:1904.09751), min-p (Nguyen et al. 2024,
 * arXiv:2407.01082) and repetition penalty (Keskar et al. 2019, arXiv:1909.05858), in the order and meaning of Hugging
 * Face's generate.
 *
 * Tokens are drawn in the order of their ids: rounding in the last bit moves a draw only where it falls on a border.
 */
import type { Random } from "../../random/mod.ts";
import { Truncation } from "./truncate.ts";

/** A model's logits are not numbers: its weights or its adapter have diverged. */
export class NotFiniteLogitsError extends Error {
  override name = "NotFiniteLogitsError";
}

/** What is known of the next token in each row. */
export interface NextTokenScores {
  /** [rows, vocabulary]; null where probabilities alone are needed: for draws without penalty and processor. */
  logits: Float32Array | null;
  /** softmax(logits / temperature), [rows, vocabulary]; null where logits will do, which they always do. */
  probabilities: Float32Array | null;
  /** [rows] */
  highestLogit: Float32Array;
  /** [rows] */
  highestProbability: Float32Array;
}

/** Throws where a row's highest probability says that its logits are not finite. */
export function checkFinite(highestProbability: number): void {
  if (highestProbability > 0) return;
  throw new NotFiniteLogitsError("the model's logits are not finite: its weights or its adapter have diverged");
}

/** How tokens are chosen. */
export interface SamplingOptions {
  /** What logits are divided by; 0: always the most likely token. */
  temperature: number;
  /** Keep this many most likely tokens; 0: all. Ties with the last one stay too. */
  topK: number;
  /** Keep the most likely tokens until their probabilities reach this sum; 1: all. */
  topP: number;
  /** Keep tokens at least this probable as a share of the most likely one; 0: all. */
  minP: number;
  /** Divide positive logits of tokens seen before by this, multiply negative ones; 1: off. */
  repetitionPenalty: number;
}

const EVERY_TOKEN: SamplingOptions = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** What a logits processor knows of the text it steers. */
export interface LogitsContext {
  promptIndex: number;
  sampleIndex: number;
  promptIds: readonly number[];
  /** Tokens of the completion so far. */
  tokenIds: readonly number[];
}

/** Changes a copy of the next token's logits [vocabulary] in place; -Infinity forbids a token. */
export type LogitsProcessor = (logits: Float32Array, context: LogitsContext) => void;

/** Throws, naming the option, when a value makes no sense. */
export function checkSamplingOptions({ temperature, topK, topP, minP, repetitionPenalty }: SamplingOptions): void {
  const check = (name: string, value: number, fits: boolean, expected: string) => {
    if (!fits) throw new Error(`${name}: expected ${expected}, got ${value}`);
  };
  check("temperature", temperature, temperature >= 0 && temperature < Infinity, "0 (greedy) or a positive number");
  check("topK", topK, Number.isInteger(topK) && topK >= 0, "a whole number, 0 for all tokens");
  check("topP", topP, topP > 0 && topP <= 1, "a number above 0 and at most 1");
  check("minP", minP, minP >= 0 && minP <= 1, "a number from 0 to 1");
  check(
    "repetitionPenalty",
    repetitionPenalty,
    repetitionPenalty > 0 && repetitionPenalty < Infinity,
    "a positive number",
  );
}

/** Draws tokens. Its fields hold the last draw; its arrays serve all draws. */
export class Sampler {
  /** The token drawn last. */
  token = 0;
  /**
   * Its log-probability under the model at the temperature (at 1 when greedy), before truncation, penalty and processor:
   * what a trainer computes for the same token.
   */
  logProb = 0;
  /** Whether it is a most likely token of the model. */
  isGreedy = false;

  #options: SamplingOptions;
  readonly #edited: Float32Array<ArrayBuffer>;
  readonly #truncation: Truncation;
  readonly #kept: Int32Array<ArrayBuffer>;

  /** @param options How the next draws choose; see `options`. */
  constructor(readonly vocabSize: number, options: SamplingOptions = EVERY_TOKEN) {
    this.#edited = new Float32Array(vocabSize);
    this.#truncation = new Truncation(vocabSize, options);
    this.#kept = new Int32Array(vocabSize);
    this.#options = options;
    checkSamplingOptions(options);
  }

  /** How draws choose from here on. What is set must have been checked. */
  set options(options: SamplingOptions) {
    this.#options = options;
    this.#truncation.options = options;
  }

  /**
   * Draws from one row of scores, with one number of `random` (none when greedy).
   *
   * @param seen The distinct tokens of prompt and completion, for the repetition penalty.
   * @param edit Changes a copy of the logits [vocabulary] after the penalty.
   * @throws When the logits are not finite, or are null where they are needed, or `edit` forbids every token.
   */
  sample(
    scores: NextTokenScores,
    row: number,
    random: Random,
    seen: Iterable<number> = [],
    edit?: (logits: Float32Array) => void,
  ): void {
    const { vocabSize } = this;
    const { temperature, repetitionPenalty } = this.#options;
    const ofRow = (all: Float32Array | null) => all && all.subarray(row * vocabSize, (row + 1) * vocabSize);
    const [logits, probabilities] = [ofRow(scores.logits), ofRow(scores.probabilities)];
    const [highestLogit, highestProbability] = [scores.highestLogit[row], scores.highestProbability[row]];
    checkFinite(highestProbability);
    if (!logits) {
      if (!probabilities) throw new Error("expected logits, probabilities or both");
      this.token = this.#draw(probabilities, highestProbability, 1, random.float());
      this.logProb = Math.log(probabilities[this.token]);
      this.isGreedy = probabilities[this.token] === highestProbability;
      return;
    }
    if (edit || !probabilities || (repetitionPenalty !== 1 && temperature === 0)) {
      this.token = this.#drawEdited(logits, seen, edit, random);
    } else if (temperature === 0) {
      this.token = logits.indexOf(highestLogit);
    } else {
      this.token = repetitionPenalty === 1
        ? this.#draw(probabilities, highestProbability, 1, random.float())
        : this.#drawPenalized(logits, probabilities, seen, random);
    }
    const logit = logits[this.token];
    this.logProb = (logit - highestLogit) / (temperature || 1) + Math.log(highestProbability);
    this.isGreedy = logit === highestLogit;
  }

  #penalized(logit: number): number {
    const { repetitionPenalty } = this.#options;
    return logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
  }

  /** Saves an exponential a token: only seen tokens' probabilities change, before all are divided by their sum. */
  #drawPenalized(logits: Float32Array, probabilities: Float32Array, seen: Iterable<number>, random: Random): number {
    const weights = this.#edited;
    weights.set(probabilities);
    for (const token of seen) {
      weights[token] *= Math.exp((this.#penalized(logits[token]) - logits[token]) / this.#options.temperature);
    }
    let [highest, total] = [0, 0];
    for (let token = 0; token < weights.length; token++) {
      if (weights[token] > highest) highest = weights[token];
      total += weights[token];
    }
    // Where all that was probable was penalized, what is left may be too small for float32.
    if (!(highest > 1e-20 && highest < 1e20)) return this.#drawEdited(logits, seen, undefined, random);
    return this.#draw(weights, highest, total, random.float());
  }

  /** Draws from the logits after penalty and edit. */
  #drawEdited(
    original: Float32Array,
    seen: Iterable<number>,
    edit: ((logits: Float32Array) => void) | undefined,
    random: Random,
  ): number {
    const logits = this.#edited;
    logits.set(original);
    if (this.#options.repetitionPenalty !== 1) {
      for (const token of seen) logits[token] = this.#penalized(original[token]);
    }
    edit?.(logits);
    let highest = -Infinity;
    for (let token = 0; token < logits.length; token++) if (logits[token] > highest) highest = logits[token];
    if (!Number.isFinite(highest)) {
      throw new Error("the logits processor left no token with a finite logit");
    }
    const { temperature } = this.#options;
    if (temperature === 0) return logits.indexOf(highest);
    let total = 0;
    for (let token = 0; token < logits.length; token++) {
      total += logits[token] = Math.exp((logits[token] - highest) / temperature);
    }
    return this.#draw(logits, 1, total, random.float());
  }

  /** Draws from `weights`, whose highest and whose sum are given, with a uniform number in [0, 1). */
  #draw(weights: Float32Array, highest: number, total: number, uniform: number): number {
    if (this.#truncation.isOn) return this.#drawAbove(weights, this.#truncation.cut(weights, highest, total), uniform);
    const border = uniform * total;
    let sum = 0;
    for (let token = 0; token < weights.length; token++) {
      sum += weights[token];
      if (sum > border) return token;
    }
    // The sum was a little less than was said, and the number fell into the gap.
    return this.#drawAbove(weights, 0, uniform);
  }

  /** Draws among the tokens whose weight is at least `cut`, and above 0. */
  #drawAbove(weights: Float32Array, cut: number, uniform: number): number {
    const kept = this.#kept;
    let count = 0;
    for (let token = 0; token < weights.length; token++) {
      kept[count] = token;
      count += weights[token] >= cut ? 1 : 0;
    }
    let total = 0;
    for (let i = 0; i < count; i++) total += weights[kept[i]];
    const border = uniform * total;
    let sum = 0;
    let last = 0;
    for (let i = 0; i < count; i++) {
      if (weights[kept[i]] > 0) last = kept[i];
      sum += weights[kept[i]];
      if (sum > border) break;
    }
    return last;
  }
}
