/**
 * Truncated sampling: which tokens top-k, then top-p, and min-p leave. Each of them keeps the tokens whose weight reaches
 * some cut, so that a truncation is one number; it is found without sorting the vocabulary.
 */

/** What is left out; see `SamplingOptions`. */
export interface TruncationOptions {
  topK: number;
  topP: number;
  minP: number;
}

/** Whether the options leave any token of the vocabulary out. */
export function truncates({ topK, topP, minP }: TruncationOptions, vocabSize: number): boolean {
  return topP < 1 || minP > 0 || (topK > 0 && topK < vocabSize);
}

/** A weight's bits above these name its bucket: 32 buckets for each power of two. */
const BUCKET_BITS = 18;

/** Finds cuts; its arrays serve all of them. */
export class Truncation {
  readonly #values: Float32Array<ArrayBuffer>;
  /** Sums by bucket; positive floats are ordered as their bits are. */
  readonly #buckets = new Float64Array(0x7f800000 >>> BUCKET_BITS);

  constructor(vocabSize: number, public options: TruncationOptions) {
    this.#values = new Float32Array(vocabSize);
  }

  /** Whether any token is left out. */
  get isOn(): boolean {
    return truncates(this.options, this.#values.length);
  }

  /** The lowest weight that stays of `weights` [vocabulary], whose highest and whose sum are given. */
  cut(weights: Float32Array, highest: number, total: number): number {
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
