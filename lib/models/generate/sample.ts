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
  check(
    "repetitionPenalty",
    repetitionPenalty,
    repetitionPenalty > 0 && repetitionPenalty < Infinity,
    "a positive number",
  );
}

/** A weight's bits above these name its bucket: 32 buckets for each power of two. */
const BUCKET_BITS = 18;

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

  readonly #edited: Float32Array<ArrayBuffer>;
  readonly #values: Float32Array<ArrayBuffer>;
  readonly #kept: Int32Array<ArrayBuffer>;
  /** Sums by bucket; positive floats are ordered as their bits are. */
  readonly #buckets = new Float64Array(0x7f800000 >>> BUCKET_BITS);

  constructor(readonly vocabSize: number, readonly options: SamplingOptions) {
    checkSamplingOptions(options);
    this.#edited = new Float32Array(vocabSize);
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
    seen: Iterable<number> = [],
    edit?: (logits: Float32Array) => void,
  ): void {
    const { vocabSize, options: { temperature, repetitionPenalty } } = this;
    const start = row * vocabSize;
    const logits = scores.logits.subarray(start, start + vocabSize);
    const highestLogit = scores.highestLogit[row];
    const highestProbability = scores.highestProbability[row];
    if (!(highestProbability > 0)) {
      throw new Error("the model's logits are not finite: its weights or its adapter have diverged");
    }
    if (edit || (repetitionPenalty !== 1 && temperature === 0)) {
      this.token = this.#drawEdited(logits, seen, edit, random);
    } else if (temperature === 0) {
      this.token = logits.indexOf(highestLogit);
    } else {
      const probabilities = scores.probabilities.subarray(start, start + vocabSize);
      this.token = repetitionPenalty === 1
        ? this.#draw(probabilities, highestProbability, 1, random.float())
        : this.#drawPenalized(logits, probabilities, seen, random);
    }
    const logit = logits[this.token];
    this.logProb = (logit - highestLogit) / (temperature || 1) + Math.log(highestProbability);
    this.isGreedy = logit === highestLogit;
  }

  #penalized(logit: number): number {
    const { repetitionPenalty } = this.options;
    return logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
  }

  /** Saves an exponential a token: only seen tokens' probabilities change, before all are divided by their sum. */
  #drawPenalized(logits: Float32Array, probabilities: Float32Array, seen: Iterable<number>, random: Random): number {
    const weights = this.#edited;
    weights.set(probabilities);
    for (const token of seen) {
      weights[token] *= Math.exp((this.#penalized(logits[token]) - logits[token]) / this.options.temperature);
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
    if (this.options.repetitionPenalty !== 1) {
      for (const token of seen) logits[token] = this.#penalized(original[token]);
    }
    edit?.(logits);
    let highest = -Infinity;
    for (let token = 0; token < logits.length; token++) if (logits[token] > highest) highest = logits[token];
    if (!Number.isFinite(highest)) {
      throw new Error("the logits processor left no token with a finite logit");
    }
    const { temperature } = this.options;
    if (temperature === 0) return logits.indexOf(highest);
    let total = 0;
    for (let token = 0; token < logits.length; token++) {
      total += logits[token] = Math.exp((logits[token] - highest) / temperature);
    }
    return this.#draw(logits, 1, total, random.float());
  }

  /** Draws from `weights`, whose highest and whose sum are given, with a uniform number in [0, 1). */
  #draw(weights: Float32Array, highest: number, total: number, uniform: number): number {
    const { topK, topP, minP } = this.options;
    if (topP < 1 || minP > 0 || (topK > 0 && topK < this.vocabSize)) {
      return this.#drawAbove(weights, this.#cut(weights, highest, total), uniform);
    }
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

  /** The lowest weight that top-k, then top-p, and min-p leave. */
  #cut(weights: Float32Array, highest: number, total: number): number {
    const { topK, topP, minP } = this.options;
    let [floor, left, mass] = [0, weights, total];
    if (topK > 0 && topK < weights.length) {
      floor = this.#descend(weights, highest * 2 ** -30, highest, topK, true);
      if (topP < 1) {
        left = this.#values.subarray(0, collect(weights, floor, this.#values));
        mass = left.reduce((sum, weight) => sum + weight, 0);
      }
    }
    if (topP < 1) {
      // Tokens below this share of the mass have less than 1 - topP of it, even all of them together.
      const negligible = mass * (1 - topP) / weights.length;
      floor = Math.max(floor, this.#descend(left, Math.max(floor, negligible), highest, topP * mass, false));
    }
    return Math.max(floor, minP * highest);
  }

  /**
   * Goes down the weights from the highest until their number (or their sum) reaches `goal`, and returns the weight it
   * stops at, without sorting: sums by bucket say in which bucket that is, and only its weights are looked at.
   *
   * @param floor Weights below it share one bucket; the goal is rarely in it.
   */
  #descend(weights: Float32Array, floor: number, highest: number, goal: number, byNumber: boolean): number {
    const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
    const buckets = this.#buckets;
    const lowest = bucketOf(floor);
    const top = bucketOf(highest) - lowest;
    buckets.fill(0, 0, top + 1);
    for (let token = 0; token < bits.length; token++) {
      const bucket = Math.max(0, (bits[token] >>> BUCKET_BITS) - lowest);
      buckets[bucket] += byNumber ? 1 : weights[token];
    }
    let bucket = top;
    let left = goal;
    while (bucket > 0 && buckets[bucket] < left) left -= buckets[bucket--];
    // Also where `weights` are these very values: writing never overtakes reading.
    const values = this.#values;
    let count = 0;
    for (let token = 0; token < bits.length; token++) {
      values[count] = weights[token];
      count += Math.max(0, (bits[token] >>> BUCKET_BITS) - lowest) === bucket ? 1 : 0;
    }
    return select(values, count, left, byNumber);
  }
}

/** Copies the weights that reach `floor` to `target` and returns their number. */
function collect(weights: Float32Array, floor: number, target: Float32Array): number {
  let count = 0;
  for (let token = 0; token < weights.length; token++) {
    target[count] = weights[token];
    count += weights[token] >= floor ? 1 : 0;
  }
  return count;
}

const floatBits = new DataView(new ArrayBuffer(4));

function bucketOf(weight: number): number {
  floatBits.setFloat32(0, weight);
  return floatBits.getUint32(0) >>> BUCKET_BITS;
}

/** Goes down the first `count` values until their number (or their sum) reaches `goal`: a quickselect. */
function select(values: Float32Array, count: number, goal: number, byNumber: boolean): number {
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
    } else if (reached + sumAbove + sumEqual >= goal) {
      return pivot;
    } else {
      reached += sumAbove + sumEqual;
      low = below;
    }
  }
  // Rounding left the sum just below the goal.
  return lowest;
}

function median(a: number, b: number, c: number): number {
  return a > b ? (b > c ? b : a > c ? c : a) : a > c ? a : b > c ? c : b;
}
