/**
 * A cache in this process's memory: for each layer two arrays [rows, kvHeads, 1, capacity, headDim], which programs read
 * and this file writes.
 *
 * Rows come and go while others stay: a new row is copied from the cache its prompt was read into, and a finished row is
 * replaced by the last one, so that the batch stays dense. A row's tokens beyond its length are hidden by the bias.
 */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import { MASKED } from "../../kernels/mod.ts";
import type { ModelConfig } from "../config.ts";
import {
  CAPACITY_STEP,
  type DecodeStep,
  type JoiningRow,
  type KeptRow,
  type KvCache,
  newPositions,
  type StepFeeds,
} from "./kv_cache.ts";
import { type CacheForm, cacheNames } from "./layer_cache.ts";

/** A batch's cache where the engine shares this process's memory. */
export class HostKvCache implements KvCache {
  rows = 0;
  /** Tokens that every row has room for. */
  capacity = 0;
  /** Tokens in each row, [maxRows]. */
  readonly lengths: Int32Array;
  /** Keys and values of layer 0, keys and values of layer 1, and so on. */
  #arrays: Float32Array<ArrayBuffer>[];
  /** The bias of a step with one new token a row, [rows, capacity + 1], kept up to date. */
  #bias: Float32Array<ArrayBuffer>;
  #feeds: Record<string, DeviceTensor> | null = null;

  /**
   * @param maxRows Rows there will be at most at a time.
   * @param rows Empty rows to begin with.
   */
  constructor(readonly engine: Engine, readonly config: ModelConfig, readonly maxRows: number, rows = 0) {
    this.rows = rows;
    this.lengths = new Int32Array(maxRows);
    this.#bias = new Float32Array(maxRows);
    this.#arrays = Array.from({ length: 2 * config.layers }, () => new Float32Array(0));
  }

  feeds(step: DecodeStep): Promise<StepFeeds> {
    const { engine, rows, capacity } = this;
    const { tokens, ids, chosen } = step;
    const feeds: Record<string, DeviceTensor> = {
      ids: engine.upload(ids, [rows, tokens]),
      positions: engine.upload(newPositions(this.lengths, rows, tokens, this.config.maxPositions), [rows, tokens]),
      lengths: engine.upload(BigInt64Array.of(BigInt(capacity), BigInt(tokens)), [2]),
      chosen: engine.upload(chosen, [chosen.length]),
    };
    if (tokens > 1) feeds.bias = engine.upload(this.bias(tokens), [rows, 1, 1, tokens, capacity + tokens]);
    return Promise.resolve({ form: "host", cache: this.arrays(), step: feeds });
  }

  async take(
    _form: CacheForm,
    { tokens, counts }: DecodeStep,
    outputs: Readonly<Record<string, DeviceTensor>>,
  ): Promise<void> {
    let longest = 0;
    for (let row = 0; row < this.rows; row++) longest = Math.max(longest, this.lengths[row] + counts[row]);
    this.reserve(longest);
    const numbers = async (name: string) => {
      const data = await this.engine.read(outputs[name]) as Float32Array;
      outputs[name].dispose();
      return data;
    };
    for (let layer = 0; layer < this.config.layers; layer++) {
      const { newKeys, newValues } = cacheNames(layer);
      this.write(layer, await numbers(newKeys), await numbers(newValues), tokens, counts);
    }
    this.advance(counts);
  }

  join(rows: readonly JoiningRow[]): Promise<void> {
    // Room for all of them at once: each growth moves the cache.
    this.reserve(Math.max(this.capacity, ...rows.map(({ cache, row, length }) => length ?? cache.lengths[row])));
    for (const { cache, row, length } of rows) this.append(cache as HostKvCache, row, length);
    return Promise.resolve();
  }

  /**
   * Each layer's cache by its name in the programs, and the bias of a step with one new token a row. Valid until a row or
   * the capacity changes.
   */
  arrays(): Record<string, DeviceTensor> {
    if (this.#feeds) return this.#feeds;
    const { engine, config: { layers, kvHeads, headDim }, rows, capacity } = this;
    const feeds: Record<string, DeviceTensor> = {};
    const shape = [rows, kvHeads, 1, capacity, headDim];
    const upload = (array: Float32Array<ArrayBuffer>) =>
      engine.upload(array.subarray(0, rows * kvHeads * capacity * headDim), shape);
    for (let layer = 0; layer < layers; layer++) {
      const { keys, values } = cacheNames(layer);
      feeds[keys] = upload(this.#arrays[2 * layer]);
      feeds[values] = upload(this.#arrays[2 * layer + 1]);
    }
    feeds.bias = engine.upload(this.#bias.subarray(0, rows * (capacity + 1)), [rows, 1, 1, 1, capacity + 1]);
    return this.#feeds = feeds;
  }

  /**
   * The bias for several new tokens a row, [rows, 1, 1, tokens, capacity + tokens]: each sees its row's cached tokens, the
   * new ones before it, and itself. Padding on the right is seen by nothing before it.
   */
  bias(tokens: number): Float32Array<ArrayBuffer> {
    const { rows, capacity, lengths } = this;
    const width = capacity + tokens;
    const bias = new Float32Array(rows * tokens * width).fill(MASKED);
    for (let row = 0; row < rows; row++) {
      for (let token = 0; token < tokens; token++) {
        const start = (row * tokens + token) * width;
        bias.fill(0, start, start + lengths[row]);
        bias.fill(0, start + capacity, start + capacity + token + 1);
      }
    }
    return bias;
  }

  /** Makes room for `length` tokens in every row; gives much unused room back. */
  reserve(length: number): void {
    const wanted = Math.ceil(length / CAPACITY_STEP) * CAPACITY_STEP;
    // Giving back waits for two steps' worth, so that rows around a border do not move the cache to and fro.
    if (wanted <= this.capacity && this.capacity - wanted < 2 * CAPACITY_STEP) return;
    const { config: { headDim, kvHeads }, maxRows, rows, lengths } = this;
    const [from, to] = [this.capacity * headDim, wanted * headDim];
    const blocks = rows * kvHeads;
    for (const [position, old] of this.#arrays.entries()) {
      const size = maxRows * kvHeads * to;
      // Twice what is needed, so that most growth moves rows within the same memory.
      const array = size <= old.length ? old : new Float32Array(Math.max(size, Math.min(2 * size, 2 * old.length)));
      for (let i = 0; i < blocks; i++) {
        // Within the same memory, blocks that move up start with the last one.
        const block = to > from ? blocks - 1 - i : i;
        const length = lengths[Math.floor(block / kvHeads)] * headDim;
        if (array === old) array.copyWithin(block * to, block * from, block * from + length);
        else array.set(old.subarray(block * from, block * from + length), block * to);
      }
      this.#arrays[position] = array;
    }
    this.capacity = wanted;
    this.#bias = new Float32Array(maxRows * (wanted + 1));
    for (let row = 0; row < rows; row++) this.#resetBias(row);
    this.releaseFeeds();
  }

  copyRow(row: number, maxBytes: number): KeptRow | null {
    const capacity = Math.ceil(this.lengths[row] / CAPACITY_STEP) * CAPACITY_STEP;
    const { layers, kvHeads, headDim } = this.config;
    const byteLength = 2 * layers * kvHeads * capacity * headDim * Float32Array.BYTES_PER_ELEMENT;
    if (byteLength > maxBytes) return null;
    const cache = new HostKvCache(this.engine, this.config, 1);
    cache.append(this, row);
    return { cache, row: 0, byteLength };
  }

  /** Adds a row that holds a copy of another cache's row, or of its first tokens. */
  append(source: HostKvCache, sourceRow: number, length = source.lengths[sourceRow]): void {
    if (this.rows === this.maxRows) throw new Error(`the cache has all of its ${this.maxRows} rows in use`);
    if (length > this.capacity) this.reserve(length);
    const row = this.rows++;
    this.lengths[row] = length;
    const { headDim, kvHeads } = this.config;
    for (const [position, target] of this.#arrays.entries()) {
      for (let head = 0; head < kvHeads; head++) {
        const from = (sourceRow * kvHeads + head) * source.capacity * headDim;
        const to = (row * kvHeads + head) * this.capacity * headDim;
        target.set(source.#arrays[position].subarray(from, from + length * headDim), to);
      }
    }
    this.#resetBias(row);
    this.releaseFeeds();
  }

  remove(row: number): void {
    const last = --this.rows;
    if (row !== last) {
      this.lengths[row] = this.lengths[last];
      const { headDim, kvHeads } = this.config;
      for (const array of this.#arrays) {
        for (let head = 0; head < kvHeads; head++) {
          const from = (last * kvHeads + head) * this.capacity * headDim;
          const to = (row * kvHeads + head) * this.capacity * headDim;
          array.copyWithin(to, from, from + this.lengths[row] * headDim);
        }
      }
      this.#resetBias(row);
    }
    this.releaseFeeds();
  }

  /**
   * Writes one layer's new keys and values behind each row's tokens.
   *
   * @param keys, values [rows, kvHeads, tokens, headDim]
   * @param counts How many of a row's new tokens are real, [rows].
   */
  write(layer: number, keys: Float32Array, values: Float32Array, tokens: number, counts: Int32Array): void {
    const { rows, capacity, lengths, config: { headDim, kvHeads } } = this;
    const [keyCache, valueCache] = [this.#arrays[2 * layer], this.#arrays[2 * layer + 1]];
    for (let row = 0; row < rows; row++) {
      const size = counts[row] * headDim;
      for (let head = 0; head < kvHeads; head++) {
        const block = row * kvHeads + head;
        const from = block * tokens * headDim;
        const to = (block * capacity + lengths[row]) * headDim;
        // A plain loop: for the few numbers of one token, `set` and `subarray` cost more than the copy.
        for (let i = 0; i < size; i++) {
          keyCache[to + i] = keys[from + i];
          valueCache[to + i] = values[from + i];
        }
      }
    }
  }

  /** Counts the tokens that were written to all layers. */
  advance(counts: Int32Array): void {
    for (let row = 0; row < this.rows; row++) {
      const start = row * (this.capacity + 1) + this.lengths[row];
      this.#bias.fill(0, start, start + counts[row]);
      this.lengths[row] += counts[row];
    }
  }

  #resetBias(row: number): void {
    const start = row * (this.capacity + 1);
    this.#bias.fill(0, start, start + this.lengths[row]);
    this.#bias.fill(MASKED, start + this.lengths[row], start + this.capacity);
    this.#bias[start + this.capacity] = 0;
  }

  dispose(): void {
    this.releaseFeeds();
  }

  /** Lets go of the tensors that `arrays` made; the next call makes new ones. */
  releaseFeeds(): void {
    if (!this.#feeds) return;
    Object.values(this.#feeds).forEach((tensor) => tensor.dispose());
    this.#feeds = null;
  }
}
