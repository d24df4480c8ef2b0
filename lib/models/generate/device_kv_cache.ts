/**
 * A cache that never leaves its device: nothing of it is read back, and most of it is not moved.
 *
 * Each layer has a `base` of places that any row may use or not (the bias hides those it does not) and a block of places
 * for the tokens that were read last, one a step in all rows alike; see `layer_cache.ts`. A full block is put behind the
 * base as it is. Only rows that join are laid out anew, together with those that are there, without holes.
 *
 * A row that is removed stays on the device, hidden and computed in vain, until there are too many of those: taking it
 * out would copy the whole cache.
 */
import type { DeviceTensor, Engine, ProgramCache } from "../../engine/mod.ts";
import { MASKED } from "../../kernels/mod.ts";
import type { ModelConfig } from "../config.ts";
import { DeviceCachePrograms, disposeKeysAndValues, type KeysAndValues } from "./device_cache_programs.ts";
import { type CachePart, gatherPlaces, type PlacedRow } from "./gather_places.ts";
import {
  CAPACITY_STEP,
  type DecodeStep,
  type JoiningRow,
  type KvCache,
  newPositions,
  type StepFeeds,
} from "./kv_cache.ts";
import { type CacheForm, cacheNames, RECENT_SLOTS } from "./layer_cache.ts";

/** Removed rows are taken out when they are this share of all. */
const MOST_REMOVED = 1 / 4;

/** A batch's cache where the engine's memory is not this process's. */
export class DeviceKvCache implements KvCache {
  readonly lengths: Int32Array;
  /** For each row, where it is on the device. */
  #deviceRow: number[] = [];
  /** For each row, the places of the base that hold its tokens. */
  #held: number[][] = [];
  /** Rows on the device, removed ones included. */
  #deviceRows = 0;
  /** Each layer's base; none where no row has a token. */
  #base: KeysAndValues[] = [];
  #basePlaces = 0;
  /** Each layer's block; none where nothing was written to it. */
  #recent: KeysAndValues[] = [];
  #recentTokens = 0;
  /** What stands for an empty base and for an empty block in all layers, and the bias over the base. */
  #emptyBase: KeysAndValues | null = null;
  #emptyRecent: KeysAndValues | null = null;
  #baseBias: DeviceTensor | null = null;
  readonly #programs: DeviceCachePrograms;

  /**
   * @param programs Where its programs are kept; caches of one model may share them.
   * @param rows Empty rows to begin with.
   */
  constructor(
    readonly engine: Engine,
    readonly config: ModelConfig,
    programs: ProgramCache,
    readonly maxRows: number,
    rows = 0,
  ) {
    this.lengths = new Int32Array(maxRows);
    this.#programs = new DeviceCachePrograms(programs, config);
    this.#layOut(Array.from({ length: rows }, () => []));
  }

  get rows(): number {
    return this.#held.length;
  }

  async feeds(step: DecodeStep): Promise<StepFeeds> {
    const { tokens, counts } = step;
    const isSingle = tokens === 1 && this.#base.length > 0 &&
      counts.subarray(0, this.rows).every((count) => count === 1);
    if (this.#isWasteful() || (!isSingle && this.#recentTokens > 0)) await this.#gatherRows(this.#ownRows());
    else if (this.#recentTokens === RECENT_SLOTS) await this.#appendRecent();
    const form = isSingle ? "step" : "prompt";
    return { form, cache: await this.#cacheFeeds(form), step: this.#stepFeeds(form, step) };
  }

  async #cacheFeeds(form: CacheForm): Promise<Record<string, DeviceTensor>> {
    const feeds: Record<string, DeviceTensor> = { baseBias: this.#baseBias ??= await this.#storeBaseBias() };
    if (this.#base.length === 0) this.#emptyBase ??= await this.#storeEmpty(1);
    if (form === "step" && this.#recent.length === 0) this.#emptyRecent ??= await this.#storeEmpty(RECENT_SLOTS);
    for (let layer = 0; layer < this.config.layers; layer++) {
      const names = cacheNames(layer);
      const base = this.#base[layer] ?? this.#emptyBase;
      Object.assign(feeds, { [names.keys]: base.keys, [names.values]: base.values });
      if (form === "prompt") continue;
      const recent = this.#recent[layer] ?? this.#emptyRecent;
      Object.assign(feeds, { [names.recentKeys]: recent.keys, [names.recentValues]: recent.values });
    }
    return feeds;
  }

  /** What changes at each step; tokens are given to the rows as they are on the device. */
  #stepFeeds(form: CacheForm, { tokens, ids, chosen }: DecodeStep): Record<string, DeviceTensor> {
    const { engine, config: { maxPositions } } = this;
    const rows = this.#deviceRows;
    const deviceIds = new BigInt64Array(rows * tokens);
    const lengths = new Int32Array(rows);
    this.#deviceRow.forEach((deviceRow, row) => {
      deviceIds.set(ids.subarray(row * tokens, (row + 1) * tokens), deviceRow * tokens);
      lengths[deviceRow] = this.lengths[row];
    });
    const deviceChosen = chosen.map((position) => {
      const [row, token] = [Math.floor(Number(position) / tokens), Number(position) % tokens];
      return BigInt(this.#deviceRow[row] * tokens + token);
    });
    const isStep = form === "step";
    const places = [Math.max(1, this.#basePlaces), isStep ? RECENT_SLOTS : tokens];
    return {
      ids: engine.upload(deviceIds, [rows, tokens]),
      positions: engine.upload(newPositions(lengths, rows, tokens, maxPositions), [rows, tokens]),
      lengths: engine.upload(BigInt64Array.from(places, BigInt), [2]),
      chosen: engine.upload(deviceChosen, [chosen.length]),
      ...(isStep
        ? { slot: engine.upload(Float32Array.of(this.#recentTokens), [1]) }
        : { causalBias: engine.upload(causal(tokens), [tokens, tokens]) }),
    };
  }

  async take(
    form: CacheForm,
    { tokens, counts }: DecodeStep,
    outputs: Readonly<Record<string, DeviceTensor>>,
  ): Promise<void> {
    const given = Array.from({ length: this.config.layers }, (_, layer): KeysAndValues => {
      const { newKeys, newValues } = cacheNames(layer);
      return { keys: outputs[newKeys], values: outputs[newValues] };
    });
    if (form === "step") {
      this.#recent.forEach(disposeKeysAndValues);
      this.#recent = given;
      this.#recentTokens++;
    } else {
      const first = this.#basePlaces;
      await this.#appendToBase(given, tokens);
      this.#held.forEach((held, row) => held.push(...range(first, counts[row])));
    }
    for (let row = 0; row < this.rows; row++) this.lengths[row] += counts[row];
  }

  async join(rows: readonly JoiningRow[]): Promise<void> {
    if (rows.length === 0) return;
    if (this.rows + rows.length > this.maxRows) {
      throw new Error(`the cache has room for ${this.maxRows} rows: ${this.rows} and ${rows.length} more are too many`);
    }
    const joining = rows.map((joins): PlacedRow => ({ ...joins, cache: joins.cache as DeviceKvCache }));
    await this.#gatherRows([...this.#ownRows(), ...joining]);
  }

  /** Each row that is gathered reads all of a cache: to keep them one by one would cost what it saves. */
  copyRow(): null {
    return null;
  }

  remove(row: number): void {
    const last = this.rows - 1;
    this.lengths[row] = this.lengths[last];
    this.#deviceRow[row] = this.#deviceRow[last];
    this.#held[row] = this.#held[last];
    this.#deviceRow.pop();
    this.#held.pop();
    if (last === 0) this.dispose();
  }

  dispose(): void {
    this.#base.forEach(disposeKeysAndValues);
    this.#recent.forEach(disposeKeysAndValues);
    this.#base = [];
    this.#recent = [];
    this.#basePlaces = this.#recentTokens = 0;
    this.#layOut([]);
  }

  /** Whether much of what is on the device is hidden from all rows. */
  #isWasteful(): boolean {
    if (this.#base.length === 0) return false;
    const longest = Math.max(...this.#held.map((held) => held.length));
    return this.#deviceRows - this.rows >= Math.max(1, MOST_REMOVED * this.#deviceRows) ||
      this.#basePlaces - longest >= 2 * CAPACITY_STEP;
  }

  #ownRows(): PlacedRow[] {
    return this.#held.map((_, row) => ({ cache: this, row }));
  }

  /** Numbers rows on the device from 0, with their tokens' places. */
  #layOut(held: number[][]): void {
    this.#held = held;
    this.#deviceRow = range(0, held.length);
    this.#deviceRows = held.length;
    if (this.#emptyBase) disposeKeysAndValues(this.#emptyBase);
    if (this.#emptyRecent) disposeKeysAndValues(this.#emptyRecent);
    this.#emptyBase = this.#emptyRecent = null;
    this.#forgetBias();
  }

  #forgetBias(): void {
    this.#baseBias?.dispose();
    this.#baseBias = null;
  }

  /** Puts each layer's `places` behind the base. */
  async #appendToBase(given: readonly KeysAndValues[], places: number): Promise<void> {
    this.#forgetBias();
    for (const [layer, more] of given.entries()) {
      const base = this.#base[layer];
      if (!base) {
        this.#base[layer] = more;
        continue;
      }
      this.#base[layer] = await this.#programs.append(base, more);
      disposeKeysAndValues(base);
      disposeKeysAndValues(more);
    }
    this.#basePlaces += places;
  }

  /** Empties the block of recent tokens into the base. */
  async #appendRecent(): Promise<void> {
    const [recent, tokens, first] = [this.#recent, this.#recentTokens, this.#basePlaces];
    await this.#appendToBase(recent, RECENT_SLOTS);
    this.#recent = [];
    this.#recentTokens = 0;
    for (const held of this.#held) held.push(...range(first, tokens));
  }

  /** Makes these the cache's rows, without holes, in a base of their own. */
  async #gatherRows(rows: readonly PlacedRow[]): Promise<void> {
    const { engine, config: { kvHeads, layers } } = this;
    const lengths = rows.map(({ cache, row, length }) => length ?? cache.lengths[row]);
    const places = Math.ceil(Math.max(...lengths) / CAPACITY_STEP) * CAPACITY_STEP;
    const { parts, from } = gatherPlaces(rows, kvHeads, places);
    const uploaded = await engine.store(from, [rows.length, kvHeads, places]);
    try {
      for (let layer = 0; layer < layers; layer++) {
        const gathered = await this.#programs.gather(parts.map((part) => part.layers[layer]), uploaded);
        if (this.#base[layer]) disposeKeysAndValues(this.#base[layer]);
        this.#base[layer] = gathered;
      }
    } finally {
      uploaded.dispose();
    }
    this.#recent.forEach(disposeKeysAndValues);
    this.#recent = [];
    this.#recentTokens = 0;
    this.#basePlaces = places;
    this.#layOut(lengths.map((length) => range(0, length)));
    this.lengths.set(lengths);
  }

  /** What there is of it to gather rows from: the base, and the block where something was written to it. */
  get parts(): readonly CachePart[] {
    const base = { layers: this.#base, rows: this.#deviceRows, places: this.#basePlaces };
    const recent = { layers: this.#recent, rows: this.#deviceRows, places: RECENT_SLOTS };
    return [base, recent].filter(({ layers }) => layers.length > 0);
  }

  /** Where a row's tokens are: the row's number on the device, and its places in each of the parts. */
  placesOf(row: number): { deviceRow: number; places: readonly (readonly number[])[] } {
    return { deviceRow: this.#deviceRow[row], places: [this.#held[row], range(0, this.#recentTokens)] };
  }

  async #storeBaseBias(): Promise<DeviceTensor> {
    const places = Math.max(1, this.#basePlaces);
    const bias = new Float32Array(this.#deviceRows * places).fill(MASKED);
    this.#held.forEach((held, row) => {
      for (const place of held) bias[this.#deviceRow[row] * places + place] = 0;
    });
    return await this.engine.store(bias, [this.#deviceRows, 1, 1, 1, places]);
  }

  async #storeEmpty(places: number): Promise<KeysAndValues> {
    const { kvHeads, headDim } = this.config;
    const zeros = new Float32Array(this.#deviceRows * kvHeads * headDim * places);
    const keys = await this.engine.store(zeros, [this.#deviceRows, kvHeads, headDim, places]);
    return { keys, values: await this.engine.store(zeros, [this.#deviceRows, kvHeads, places, headDim]) };
  }
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The bias [tokens, tokens] that lets each token see those before it and itself. */
function causal(tokens: number): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(tokens * tokens);
  for (let token = 0; token < tokens; token++) bias.fill(MASKED, token * tokens + token + 1, (token + 1) * tokens);
  return bias;
}
