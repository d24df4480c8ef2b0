/**
 * One seedable random generator for all of Kiln: sampling, data order, LoRA initialisation, generated corpora.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): four
 * 32-bit words of state, which JavaScript's integer multiply handles without big integers. It is not meant for secrets.
 * This folder imports nothing, so every other folder may use it.
 */

/** What a seed or a fork's label may be. A number and its decimal text are the same seed. */
export type RandomSeed = number | string;

type Words = readonly [number, number, number, number];

/** A generator's whole state as plain JSON, for resumable runs. */
export interface RandomState {
  algorithm: "xoshiro128**";
  /** The words the generator started from; forks are derived from these. */
  origin: [number, number, number, number];
  /** The words it stands at now. */
  words: [number, number, number, number];
  /** The second value of the last pair of normal draws, if not handed out yet. */
  spareNormal: number | null;
}

const TWO_32 = 2 ** 32;
const ROOT: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]; // the first bits of pi's fraction

/** A stream of random numbers that a seed fully determines. */
export class Random {
  #origin: Words;
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;
  #spareNormal: number | null = null;

  /**
   * @param seed a finite number or any text; the same seed gives the same stream on every machine
   * @throws {RangeError} when the seed is NaN or infinite
   */
  constructor(seed: RandomSeed) {
    this.#origin = absorb(ROOT, labelText(seed));
    [this.#s0, this.#s1, this.#s2, this.#s3] = this.#origin;
  }

  /**
   * An independent generator for one purpose. It depends on this generator's seed and the label only, not on how many
   * numbers were drawn before, so `random.fork("rollout").fork(step)` is the same stream in a resumed run.
   */
  fork(label: RandomSeed): Random {
    return Random.#from(absorb(this.#origin, labelText(label)));
  }

  /** 32 uniform random bits, as an integer in [0, 2^32). */
  bits(): number {
    const s1 = this.#s1;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const s2 = this.#s2 ^ this.#s0;
    const s3 = this.#s3 ^ s1;
    this.#s1 = s1 ^ s2;
    this.#s0 ^= s3;
    this.#s2 = s2 ^ (s1 << 9);
    this.#s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** A number in [0, 1) with all 53 bits of a double filled. */
  float(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** A number in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.float();
  }

  /**
   * A whole number from low to high, BOTH included, every one equally likely (draws that would favour small values
   * are thrown away).
   * @throws {RangeError} when a bound is no safe integer, low > high, or more than 2^32 values are asked for
   */
  integer(low: number, high: number): number {
    const span = high - low + 1;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || span < 1 || span > TWO_32) {
      throw new RangeError(`integer(${low}, ${high}): expected whole numbers with low <= high, at most 2^32 values`);
    }
    const fair = TWO_32 - (TWO_32 % span);
    let bits = this.bits();
    while (bits >= fair) bits = this.bits();
    return low + (bits % span);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /**
   * One of the items, each equally likely.
   * @throws {RangeError} when there are none
   */
  pick<T>(items: ArrayLike<T>): T {
    if (items.length === 0) throw new RangeError("pick() needs at least one item, got none");
    return items[this.integer(0, items.length - 1)];
  }

  /**
   * An index drawn in proportion to its weight; the weights need not sum to 1.
   * @throws {RangeError} when a weight is negative or not finite, or none is above zero
   */
  weightedIndex(weights: ArrayLike<number>): number {
    let total = 0;
    let last = -1;
    for (let i = 0; i < weights.length; i++) {
      if (!(weights[i] >= 0)) throw new RangeError(`weight ${i} is ${weights[i]}: expected a number of at least 0`);
      if (weights[i] > 0) last = i;
      total += weights[i];
    }
    if (last < 0 || !Number.isFinite(total)) {
      throw new RangeError(`the ${weights.length} weights sum to ${total}: expected a finite sum above 0`);
    }
    let left = this.float() * total;
    for (let i = 0; i < last; i++) {
      if (left < weights[i]) return i;
      left -= weights[i];
    }
    return last; // also where rounding leaves a crumb over
  }

  /** The items in random order (Fisher-Yates), as a new array. */
  shuffle<T>(items: ArrayLike<T>): T[] {
    return this.sample(items, items.length);
  }

  /**
   * `count` different items in random order, without replacement.
   * @throws {RangeError} when there are fewer items than that
   */
  sample<T>(items: ArrayLike<T>, count: number): T[] {
    if (!Number.isInteger(count) || count < 0 || count > items.length) {
      throw new RangeError(`sample() of ${count} from ${items.length} items: expected a whole number up to that`);
    }
    const order = Array.from(items);
    for (let i = 0; i < count; i++) {
      const j = this.integer(i, order.length - 1);
      const item = order[i];
      order[i] = order[j];
      order[j] = item;
    }
    order.length = count;
    return order;
  }

  /** A normally distributed number (Box-Muller; the second value of each pair is kept for the next call). */
  normal(mean = 0, standardDeviation = 1): number {
    let value = this.#spareNormal;
    if (value === null) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.float())); // 1 - float is never 0
      const angle = 2 * Math.PI * this.float();
      value = radius * Math.cos(angle);
      this.#spareNormal = radius * Math.sin(angle);
    } else {
      this.#spareNormal = null;
    }
    return mean + standardDeviation * value;
  }

  /** The state as plain JSON. `Random.restore(state)` continues the stream exactly here, forks included. */
  save(): RandomState {
    return {
      algorithm: "xoshiro128**",
      origin: [...this.#origin],
      words: [this.#s0 >>> 0, this.#s1 >>> 0, this.#s2 >>> 0, this.#s3 >>> 0],
      spareNormal: this.#spareNormal,
    };
  }

  /**
   * A generator that continues where `save()` was called.
   * @throws {TypeError} when the state is not one that `save()` wrote
   */
  static restore(state: RandomState): Random {
    const spare = state?.spareNormal;
    const spareIsValid = spare === null || (typeof spare === "number" && Number.isFinite(spare));
    if (state?.algorithm !== "xoshiro128**" || !isWords(state.origin) || !isWords(state.words) || !spareIsValid) {
      throw new TypeError(`not a state saved by Random.save(): ${JSON.stringify(state)}`);
    }
    const random = Random.#from(state.origin);
    [random.#s0, random.#s1, random.#s2, random.#s3] = state.words;
    random.#spareNormal = spare;
    return random;
  }

  static #from(origin: Words): Random {
    const random = new Random(0);
    random.#origin = origin;
    [random.#s0, random.#s1, random.#s2, random.#s3] = origin;
    return random;
  }
}

/** The text a seed or label is hashed as. */
function labelText(seed: RandomSeed): string {
  if (typeof seed === "number" && !Number.isFinite(seed)) {
    throw new RangeError(`${seed} is no seed: expected a finite number or a text`);
  }
  return String(seed);
}

/**
 * Hashes a text into four words, starting from four others. 128 bits, so that the millions of streams a run forks off
 * do not meet; every character reaches every word.
 */
function absorb(start: Words, text: string): Words {
  let [a, b, c, d] = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b);
    c = Math.imul(c ^ unit ^ (b >>> 13), 0xc2b2ae35);
    d = Math.imul(d ^ unit ^ (c >>> 16), 0x27d4eb2f);
    a ^= d >>> 14;
  }
  a ^= text.length;
  for (let round = 0; round < 2; round++) {
    a = mix(a + b);
    b = mix(b + c);
    c = mix(c + d);
    d = mix(d + a);
  }
  return (a | b | c | d) === 0 ? ROOT : [a >>> 0, b >>> 0, c >>> 0, d >>> 0]; // all zeros is the generator's one dead state
}

/** Spreads every bit over the whole word (the finaliser of MurmurHash3, Austin Appleby, public domain). */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

function isWords(value: unknown): boolean {
  const isWord = (word: unknown) => Number.isInteger(word) && (word as number) >= 0 && (word as number) < TWO_32;
  return Array.isArray(value) && value.length === 4 && value.every(isWord) && value.some((word) => word !== 0);
}
