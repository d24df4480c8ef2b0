import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../../lib/engine/mod.ts";
import { MASKED } from "../../../lib/kernels/mod.ts";
import { HostKvCache } from "../../../lib/models/generate/host_kv_cache.ts";
import { CAPACITY_STEP } from "../../../lib/models/generate/kv_cache.ts";
import { smallConfig } from "./models.ts";

const config = { ...smallConfig, layers: 2, kvHeads: 2, headDim: 3 };
const { layers, kvHeads, headDim } = config;
const MAX_ROWS = 4;

/** The number that stands for a token in the cache, so that each place is told from each other. */
const value = (token: number, layer: number, isValue: boolean, head: number, i: number) =>
  token + layer / 4 + (isValue ? 1 / 8 : 0) + head / 16 + i / 64;

/** Writes new tokens [rows][count] to all layers. */
function writeTokens(cache: HostKvCache, tokens: number, newTokens: readonly (readonly number[])[]): void {
  const counts = Int32Array.from(newTokens, (row) => row.length);
  cache.reserve(Math.max(0, ...newTokens.map((row, i) => cache.lengths[i] + row.length)));
  for (let layer = 0; layer < layers; layer++) {
    const [keys, values] = [false, true].map((isValue) => {
      const data = new Float32Array(newTokens.length * kvHeads * tokens * headDim).fill(-1);
      newTokens.forEach((row, r) =>
        row.forEach((token, t) => {
          for (let head = 0; head < kvHeads; head++) {
            for (let i = 0; i < headDim; i++) {
              data[((r * kvHeads + head) * tokens + t) * headDim + i] = value(token, layer, isValue, head, i);
            }
          }
        })
      );
      return data;
    });
    cache.write(layer, keys, values, tokens, counts);
  }
  cache.advance(counts);
}

/** Checks that the cache holds exactly these tokens, and that its bias shows exactly them. */
function assertHolds(cache: HostKvCache, rows: readonly (readonly number[])[]): void {
  assert.equal(cache.rows, rows.length);
  if (rows.length === 0) return;
  const feeds = cache.arrays();
  const { capacity } = cache;
  for (let layer = 0; layer < layers; layer++) {
    for (const isValue of [false, true]) {
      const tensor = feeds[`cache.${layer}.${isValue ? "values" : "keys"}`];
      assert.deepEqual(tensor.shape, [rows.length, kvHeads, 1, capacity, headDim]);
      const data = tensor.data as Float32Array;
      rows.forEach((row, r) =>
        row.forEach((token, t) => {
          for (let head = 0; head < kvHeads; head++) {
            for (let i = 0; i < headDim; i++) {
              const at = ((r * kvHeads + head) * capacity + t) * headDim + i;
              assert.equal(data[at], value(token, layer, isValue, head, i), `row ${r}, token ${t}, layer ${layer}`);
            }
          }
        })
      );
    }
  }
  const bias = feeds.bias.data as Float32Array;
  assert.deepEqual(feeds.bias.shape, [rows.length, 1, 1, 1, capacity + 1]);
  rows.forEach((row, r) => {
    assert.equal(cache.lengths[r], row.length);
    for (let column = 0; column <= capacity; column++) {
      const expected = column < row.length || column === capacity ? 0 : MASKED;
      assert.equal(bias[r * (capacity + 1) + column], Math.fround(expected), `bias of row ${r} at ${column}`);
    }
  });
}

type Action = { kind: "write"; counts: number[] } | { kind: "append"; length: number } | {
  kind: "remove";
  row: number;
};

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    counts: fc.array(fc.integer({ min: 0, max: 70 }), { minLength: MAX_ROWS, maxLength: MAX_ROWS }),
  }),
  fc.record({ kind: fc.constant("append" as const), length: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constant("remove" as const), row: fc.nat(MAX_ROWS - 1) }),
);

Deno.test("HostKvCache holds what was written through any growth, removal and addition of rows", async () => {
  const engine = await createEngine();
  const property = fc.property(fc.array(action, { minLength: 1, maxLength: 12 }), (actions) => {
    const cache = new HostKvCache(engine, config, MAX_ROWS);
    const rows: number[][] = [];
    let next = 1;
    const fresh = (count: number) => Array.from({ length: count }, () => next++);
    for (const act of actions) {
      if (act.kind === "append" && rows.length < MAX_ROWS) {
        const source = new HostKvCache(engine, config, 2, 2);
        const [other, tokens] = [fresh(act.length >> 1), fresh(act.length)];
        writeTokens(source, act.length, [other, tokens]);
        cache.append(source, 1);
        rows.push(tokens);
      } else if (act.kind === "remove" && act.row < rows.length) {
        cache.remove(act.row);
        const last = rows.pop()!;
        if (act.row < rows.length) rows[act.row] = last;
      } else if (act.kind === "write") {
        const newTokens = rows.map((_, row) => fresh(act.counts[row]));
        writeTokens(cache, 70, newTokens);
        newTokens.forEach((tokens, row) => rows[row].push(...tokens));
      }
      assertHolds(cache, rows);
    }
    cache.releaseFeeds();
    assert.equal(engine.bytesInUse, 0);
  });
  fc.assert(property, { numRuns: 60 });
  await engine.dispose();
});

Deno.test("HostKvCache grows in steps and gives back what is much too much", async () => {
  const engine = await createEngine();
  const cache = new HostKvCache(engine, config, 2, 2);
  const capacities = [1, CAPACITY_STEP, CAPACITY_STEP + 1, 5 * CAPACITY_STEP, 4 * CAPACITY_STEP, 1].map((length) => {
    cache.reserve(length);
    return cache.capacity / CAPACITY_STEP;
  });
  assert.deepEqual(capacities, [1, 1, 2, 5, 5, 1]);
  await engine.dispose();
});

Deno.test("HostKvCache.bias() shows several new tokens the cached ones and those before them", async () => {
  const engine = await createEngine();
  const cache = new HostKvCache(engine, config, 2, 2);
  writeTokens(cache, 3, [[1, 2, 3], [4]]);
  const bias = cache.bias(2);
  const width = cache.capacity + 2;
  assert.equal(bias.length, 2 * 2 * width);
  [3, 1].forEach((length, row) => {
    for (let token = 0; token < 2; token++) {
      for (let column = 0; column < width; column++) {
        const isSeen = column < length || (column >= cache.capacity && column <= cache.capacity + token);
        assert.equal(bias[(row * 2 + token) * width + column] === 0, isSeen, `row ${row}, token ${token}, ${column}`);
      }
    }
  });
  await engine.dispose();
});

Deno.test("HostKvCache refuses more rows than it was made for", async () => {
  const engine = await createEngine();
  const source = new HostKvCache(engine, config, 1, 1);
  writeTokens(source, 1, [[1]]);
  const cache = new HostKvCache(engine, config, 1);
  cache.append(source, 0);
  assert.throws(() => cache.append(source, 0), /all of its 1 rows/);
  await engine.dispose();
});
