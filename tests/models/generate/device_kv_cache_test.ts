/** The cache on a device, against lists of tokens: whatever is fed to a program must show each row its own tokens. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine, type DeviceTensor, ProgramCache } from "../../../lib/engine/mod.ts";
import { DeviceKvCache } from "../../../lib/models/generate/device_kv_cache.ts";
import type { DecodeStep, StepFeeds } from "../../../lib/models/generate/kv_cache.ts";
import { cacheNames, RECENT_SLOTS } from "../../../lib/models/generate/layer_cache.ts";
import { FarEngine } from "../../support/far_engine.ts";
import { smallConfig } from "./models.ts";

const config = { ...smallConfig, layers: 2, kvHeads: 2, headDim: 3 };
const { layers, kvHeads, headDim } = config;
const MAX_ROWS = 5;

/** The number that stands for a token in the cache, so that each place is told from each other. */
const numberOf = (token: number, layer: number, isValue: boolean, head: number, i: number) =>
  token + layer / 4 + (isValue ? 1 / 8 : 0) + head / 16 + i / 64;

/** A cache, and the tokens that its rows hold. */
interface Held {
  cache: DeviceKvCache;
  rows: number[][];
}

class CacheTest {
  readonly engine: FarEngine;
  readonly programs: ProgramCache;
  #next = 1;

  constructor(engine: FarEngine) {
    this.engine = engine;
    this.programs = new ProgramCache(engine);
  }

  fresh(count: number): number[] {
    return Array.from({ length: count }, () => this.#next++);
  }

  async numbers(tensor: DeviceTensor): Promise<number[]> {
    return Array.from(await this.engine.read(tensor) as Float32Array, Number);
  }

  cache(rows = 0): Held {
    const cache = new DeviceKvCache(this.engine, config, this.programs, MAX_ROWS, rows);
    return { cache, rows: Array.from({ length: rows }, () => []) };
  }

  /** Reads new tokens [rows][count] as a decoder does, and looks at what the programs are fed with on the way. */
  async read({ cache, rows }: Held, tokens: number, newTokens: readonly (readonly number[])[]): Promise<void> {
    const ids = new BigInt64Array(rows.length * tokens);
    newTokens.forEach((row, r) => row.forEach((token, t) => ids[r * tokens + t] = BigInt(token)));
    const step: DecodeStep = {
      tokens,
      ids,
      counts: Int32Array.from(newTokens, (row) => row.length),
      chosen: BigInt64Array.from(rows, (_, row) => BigInt(row * tokens)),
    };
    const feeds = await cache.feeds(step);
    const fedIds = await this.numbers(feeds.step.ids);
    const chosen = await this.numbers(feeds.step.chosen);
    const positions = await this.numbers(feeds.step.positions);
    for (const [row, place] of chosen.entries()) {
      const deviceRow = Math.floor(place / tokens);
      assert.equal(place % tokens, 0);
      newTokens[row].forEach((token, t) => {
        assert.equal(fedIds[place + t], token, "the row's own token");
        assert.equal(positions[place + t], rows[row].length + t, "at its position");
      });
      assert.deepEqual(await this.#visible(feeds, deviceRow), rows[row], `tokens that row ${row} sees`);
    }
    const outputs: Record<string, DeviceTensor> = {};
    for (let layer = 0; layer < layers; layer++) {
      const { newKeys, newValues } = cacheNames(layer);
      outputs[newKeys] = await this.#given(feeds, layer, false, fedIds);
      outputs[newValues] = await this.#given(feeds, layer, true, fedIds);
    }
    Object.values(feeds.step).forEach((tensor) => tensor.dispose());
    await cache.take(feeds.form, step, outputs);
    newTokens.forEach((row, r) => rows[r].push(...row));
    assert.deepEqual([...cache.lengths.subarray(0, rows.length)], rows.map((row) => row.length));
    assert.equal(cache.rows, rows.length);
  }

  /** The tokens that the feeds show a row of the device, by the numbers at all places that its bias leaves visible. */
  async #visible(feeds: StepFeeds, deviceRow: number): Promise<number[]> {
    const bias = feeds.cache.baseBias;
    const places = bias.shape[4];
    const isSeen = (await this.numbers(bias)).slice(deviceRow * places, (deviceRow + 1) * places).map((b) => b === 0);
    const parts = [{ names: ["keys", "values"] as const, isSeen }];
    if (feeds.form === "step") {
      const [slot] = await this.numbers(feeds.step.slot);
      const before = Array.from({ length: RECENT_SLOTS }, (_, place) => place < slot);
      parts.push({ names: ["recentKeys", "recentValues"] as never, isSeen: before });
    }
    const seen: number[] = [];
    for (const { names, isSeen } of parts) {
      for (let layer = 0; layer < layers; layer++) {
        const [keys, values] = names.map((name) => feeds.cache[cacheNames(layer)[name]]);
        const [k, v] = [await this.numbers(keys), await this.numbers(values)];
        const length = values.shape[2];
        assert.deepEqual(keys.shape.slice(1), [kvHeads, headDim, length]);
        isSeen.forEach((isVisible, place) => {
          if (!isVisible) return;
          const token = Math.floor(v[(deviceRow * kvHeads * length + place) * headDim]);
          if (layer === 0) seen.push(token);
          for (let head = 0; head < kvHeads; head++) {
            for (let i = 0; i < headDim; i++) {
              const block = deviceRow * kvHeads + head;
              const [atKey, atValue] = [(block * headDim + i) * length + place, (block * length + place) * headDim + i];
              assert.equal(k[atKey], numberOf(token, layer, false, head, i));
              assert.equal(v[atValue], numberOf(token, layer, true, head, i));
            }
          }
        });
      }
    }
    return seen;
  }

  /** What a layer of the programs gives out for these ids. */
  async #given(feeds: StepFeeds, layer: number, isValue: boolean, ids: readonly number[]): Promise<DeviceTensor> {
    const [rows, tokens] = feeds.step.ids.shape;
    const names = cacheNames(layer);
    const isStep = feeds.form === "step";
    const length = isStep ? RECENT_SLOTS : tokens;
    const shape = isValue ? [rows, kvHeads, length, headDim] : [rows, kvHeads, headDim, length];
    const block = isStep
      ? await this.numbers(feeds.cache[isValue ? names.recentValues : names.recentKeys])
      : new Array<number>(rows * kvHeads * length * headDim).fill(-1);
    const first = isStep ? (await this.numbers(feeds.step.slot))[0] : 0;
    for (let row = 0; row < rows; row++) {
      for (let token = 0; token < tokens; token++) {
        for (let head = 0; head < kvHeads; head++) {
          for (let i = 0; i < headDim; i++) {
            const place = first + token;
            const start = (row * kvHeads + head) * length * headDim;
            const at = isValue ? start + place * headDim + i : start + i * length + place;
            block[at] = numberOf(ids[row * tokens + token], layer, isValue, head, i);
          }
        }
      }
    }
    return await this.engine.store(Float32Array.from(block), shape);
  }
}

type Action =
  | { kind: "steps"; count: number }
  | { kind: "piece"; counts: number[] }
  | { kind: "join"; lengths: number[]; steps: number }
  | { kind: "remove"; row: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("steps" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant("piece" as const),
    // Often of one token, which not every row has.
    counts: fc.constantFrom(1, 9).chain((max) =>
      fc.array(fc.integer({ min: 0, max }), { minLength: MAX_ROWS, maxLength: MAX_ROWS })
    ),
  }),
  fc.record({
    kind: fc.constant("join" as const),
    lengths: fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 3 }),
    steps: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({ kind: fc.constant("remove" as const), row: fc.nat(MAX_ROWS - 1) }),
);

Deno.test("DeviceKvCache shows each row its own tokens through any steps, pieces, joins and removals", async () => {
  const engine = new FarEngine(await createEngine({ threads: 1 }));
  const property = fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 10 }), async (actions) => {
    const test = new CacheTest(engine);
    const held = test.cache();
    for (const act of actions) {
      if (act.kind === "join") {
        const source = test.cache(act.lengths.length);
        await test.read(source, Math.max(...act.lengths), act.lengths.map((length) => test.fresh(length)));
        for (let i = 0; i < act.steps; i++) await test.read(source, 1, source.rows.map(() => test.fresh(1)));
        // In another order than they were read in, the first one twice.
        const order = [...source.rows.keys()].reverse().concat(0).slice(0, MAX_ROWS - held.rows.length);
        await held.cache.join(order.map((row) => ({ cache: source.cache, row })));
        held.rows.push(...order.map((row) => [...source.rows[row]]));
        source.cache.dispose();
      } else if (act.kind === "remove") {
        if (act.row >= held.rows.length) continue;
        held.cache.remove(act.row);
        const last = held.rows.pop()!;
        if (act.row < held.rows.length) held.rows[act.row] = last;
      } else if (held.rows.length > 0) {
        const count = act.kind === "steps" ? act.count : 1;
        const tokens = act.kind === "steps" ? 1 : Math.max(1, ...act.counts);
        for (let i = 0; i < count; i++) {
          await test.read(
            held,
            tokens,
            held.rows.map((_, row) => test.fresh(act.kind === "steps" ? 1 : act.counts[row])),
          );
        }
      }
    }
    held.cache.dispose();
    assert.equal(engine.bytesInUse, 0);
    await test.programs.dispose();
  });
  await fc.assert(property, { numRuns: 25 });
  await engine.dispose();
});

Deno.test("DeviceKvCache takes removed rows out when they are a quarter, and holes when they are many", async () => {
  const engine = new FarEngine(await createEngine({ threads: 1 }));
  const test = new CacheTest(engine);
  const source = test.cache(5);
  await test.read(source, 200, [200, 3, 5, 7, 9].map((length) => test.fresh(length)));
  const held = test.cache();
  await held.cache.join(source.rows.map((_, row) => ({ cache: source.cache, row })));
  held.rows.push(...source.rows.map((row) => [...row]));
  const sizes = async () => {
    await test.read(held, 1, held.rows.map(() => test.fresh(1)));
    return held.cache.parts[0].rows + " rows of " + held.cache.parts[0].places;
  };
  assert.equal(await sizes(), "5 rows of 224");
  held.cache.remove(4);
  held.rows.pop();
  assert.equal(await sizes(), "5 rows of 224");
  held.cache.remove(3);
  held.rows.pop();
  assert.equal(await sizes(), "3 rows of 224");
  held.cache.remove(0);
  held.rows[0] = held.rows.pop()!;
  assert.equal(await sizes(), "2 rows of 32");
  held.cache.remove(0);
  held.cache.remove(0);
  source.cache.dispose();
  assert.equal(engine.bytesInUse, 0, "without rows it holds nothing");
  await test.programs.dispose();
  await engine.dispose();
});

Deno.test("DeviceKvCache refuses more rows than it was made for", async () => {
  const engine = new FarEngine(await createEngine({ threads: 1 }));
  const test = new CacheTest(engine);
  const source = test.cache(1);
  await test.read(source, 2, [test.fresh(2)]);
  const joining = new Array(MAX_ROWS + 1).fill({ cache: source.cache, row: 0 });
  await assert.rejects(test.cache().cache.join(joining), /room for 5 rows: 0 and 6 more are too many/);
  source.cache.dispose();
  await test.programs.dispose();
  await engine.dispose();
});
