/**
 * From scores to a token: temperature, top-k, top-p (Holtzman et al. 2020, arXiv:1904.09751), min-p (Nguyen et al. 2024,
 * arXiv:2407.01082) and repetition penalty (Keskar et al. 2019, arXiv:1909.05858), in the order and meaning of Hugging
 * Face's generate.
 *
 * Every truncation keeps the tokens whose probability reaches some cut, so a truncated distribution is one number, and
 * tokens are drawn in the order of their ids: rounding in the last bit moves a draw only where it falls on a border.
 */
import type { Random } from "../../random/mod.ts";
import type { NextTokenScores } from "./decoder.ts";

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
  check("repetitionPenalty", repetitionPenalty, repetitionPenalty > 0 && repetitionPenalty < Infinity, "a positive number");
}

/** Draws tokens. Allocates nothing from one token to the next; its fields hold the last draw. */
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

  readonly #logits: Float32Array<ArrayBuffer>;
  readonly #weights: Float32Array<ArrayBuffer>;
  readonly #values: Float32Array<ArrayBuffer>;
  readonly #kept: Int32Array<ArrayBuffer>;

  constructor(readonly vocabSize: number, readonly options: SamplingOptions) {
    checkSamplingOptions(options);
    this.#logits = new Float32Array(vocabSize);
    this.#weights = new Float32Array(vocabSize);
    this.#values = new Float32Array(vocabSize);
    this.#kept = new Int32Array(vocabSize);
  }

  /**
   * Draws from one row of scores, with one number of `random` (none when greedy).
   *
   * @param seen The distinct tokens of prompt and completion, for the repetition penalty.
   * @param edit Changes a copy of the logits [vocabulary] after the penalty.
   * @throws When the logits are not finite, or `edit` forbids every token.
   */
  sample(
    scores: NextTokenScores,
    row: number,
    random: Random,
    seen?: Iterable<number>,
    edit?: (logits: Float32Array) => void,
  ): void {
    const { vocabSize, options: { temperature, repetitionPenalty } } = this;
    const start = row * vocabSize;
    const highestLogit = scores.highestLogit[row];
    const highestProbability = scores.highestProbability[row];
    if (!(highestProbability > 0)) {
      throw new Error("the model's logits are not finite: its weights or its adapter have diverged");
    }
    const inverse = temperature === 0 ? 1 : 1 / temperature;
    if (repetitionPenalty !== 1 || edit) {
      this.#logits.set(scores.logits.subarray(start, start + vocabSize));
      if (repetitionPenalty !== 1) this.#penalize(seen ?? []);
      edit?.(this.#logits);
      this.token = this.#drawEdited(inverse, random);
    } else if (temperature === 0) {
      this.token = scores.logits.indexOf(highestLogit, start) - start;
    } else {
      this.token = this.#draw(scores.probabilities, start, highestProbability, 1, random.float());
    }
    const logit = scores.logits[start + this.token];
    this.logProb = (logit - highestLogit) * inverse + Math.log(highestProbability);
    this.isGreedy = logit === highestLogit;
  }

  #penalize(seen: Iterable<number>): void {
    const { repetitionPenalty } = this.options;
    for (const token of seen) {
      const logit = this.#logits[token];
      this.#logits[token] = logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
    }
  }

  #drawEdited(inverse: number, random: Random): number {
    const [logits, weights] = [this.#logits, this.#weights];
    let highest = -Infinity;
    for (let token = 0; token < logits.length; token++) if (logits[token] > highest) highest = logits[token];
    if (!Number.isFinite(highest)) {
      throw new Error("the logits processor forbids every token, or sets a logit to a value that is not a number");
    }
    if (this.options.temperature === 0) return logits.indexOf(highest);
    let total = 0;
    for (let token = 0; token < logits.length; token++) {
      const weight = Math.exp((logits[token] - highest) * inverse);
      weights[token] = weight;
      total += weight;
    }
    return this.#draw(weights, 0, 1, total, random.float());
  }

  /** Draws from `weights`, of which the highest and the sum are known, with a uniform number in [0, 1). */
  #draw(weights: Float32Array, start: number, highest: number, total: number, uniform: number): number {
    const { topK, topP, minP } = this.options;
    const { vocabSize } = this;
    if ((topK === 0 || topK >= vocabSize) && topP === 1 && minP === 0) {
      let sum = 0;
      const border = uniform * total;
      for (let token = 0; token < vocabSize; token++) {
        sum += weights[start + token];
        if (sum > border) return token;
      }
      // Rounding left the sum below 1, and the number fell into the gap: the sum is known exactly now.
      return this.#drawAbove(weights, start, 0, uniform);
    }
    return this.#drawAbove(weights, start, this.#cut(weights, start, highest, total), uniform);
  }

  /** Draws among the tokens whose weight is at least `cut`. */
  #drawAbove(weights: Float32Array, start: number, cut: number, uniform: number): number {
    const kept = this.#kept;
    let [count, total] = [0, 0];
    for (let token = 0; token < this.vocabSize; token++) {
      const weight = weights[start + token];
      if (weight >= cut && weight > 0) {
        kept[count++] = token;
        total += weight;
      }
    }
    const border = uniform * total;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += weights[start + kept[i]];
      if (sum > border) return kept[i];
    }
    return kept[count - 1];
  }

  /** The lowest weight that top-k, then top-p, and min-p leave. */
  #cut(weights: Float32Array, start: number, highest: number, total: number): number {
    const { vocabSize, options: { topK, topP, minP } } = this;
    let cut = minP * highest;
    let [floor, mass] = [0, total];
    if (topK > 0 && topK < vocabSize) {
      // The k-th weight is nearly always among the few that are not minute: only when it is not, all are looked at.
      let count = this.#collect(weights, start, highest * 2 ** -20);
      if (count < topK) count = this.#collect(weights, start, 0);
      floor = this.#descend(count, topK, true);
      cut = Math.max(cut, floor);
    }
    if (topP < 1) {
      if (floor > 0) {
        mass = 0;
        for (let token = 0; token < vocabSize; token++) {
          if (weights[start + token] >= floor) mass += weights[start + token];
        }
      }
      // Tokens below this share sum to less than 1 - topP even if all of them were there.
      const count = this.#collect(weights, start, Math.max(floor, mass * (1 - topP) / vocabSize));
      cut = Math.max(cut, this.#descend(count, topP * mass, false));
    }
    return cut;
  }

  /** Copies the weights that reach `floor` to the scratch array. */
  #collect(weights: Float32Array, start: number, floor: number): number {
    const values = this.#values;
    let count = 0;
    for (let token = 0; token < this.vocabSize; token++) {
      const weight = weights[start + token];
      if (weight >= floor) values[count++] = weight;
    }
    return count;
  }

  /**
   * Goes down the collected weights from the highest until their number (or their sum) reaches `goal`, and returns the
   * weight it stops at. A quickselect: the part that the goal is not in is never sorted.
   */
  #descend(count: number, goal: number, byNumber: boolean): number {
    const values = this.#values;
    let [low, high, reached, lowest] = [0, count, 0, 0];
    while (low < high) {
      const pivot = median(values[low], values[(low + high) >>> 1], values[high - 1]);
      // [low, above) > pivot, [above, i) = pivot, [below, high) < pivot.
      let [above, i, below] = [low, low, high];
      let [sumAbove, sumEqual] = [0, 0];
      while (i < below) {
        const value = values[i];
        if (value > pivot) {
          sumAbove += byNumber ? 1 : value;
          values[i++] = values[above];
          values[above++] = value;
        } else if (value < pivot) {
          values[i] = values[--below];
          values[below] = value;
        } else {
          sumEqual += byNumber ? 1 : value;
          i++;
        }
      }
      if (reached + sumAbove >= goal) {
        high = above;
        lowest = pivot;
      } else if (reached + sumAbove + sumEqual >= goal) return pivot;
      else {
        reached += sumAbove + sumEqual;
        low = below;
      }
    }
    // Rounding left the sum just below the goal.
    return lowest;
  }
}

function median(a: number, b: number, c: number): number {
  return a > b ? (b > c ? b : a > c ? c : a) : a > c ? a : b > c ? c : b;
}
