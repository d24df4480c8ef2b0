import assert from "node:assert/strict";
import { createModel, type ModelConfig } from "../../lib/models/mod.ts";
import { RotaryCache } from "../../lib/models/rotary_cache.ts";
import { Random } from "../../lib/random/mod.ts";
import { withEngine } from "../support/tiny_model.ts";
import { oneRow, smallConfig } from "./generate/models.ts";

const { headDim } = smallConfig;
const halves = headDim / 2;

/** A model that claims a million positions, as Qwen2.5's long ones do. */
const long: ModelConfig = { ...smallConfig, maxPositions: 2 ** 20 };

Deno.test("RotaryCache.covering() makes tables of the next power of two, once, and none beyond the model's positions", () =>
  withEngine(async (engine) => {
    const cache = new RotaryCache(engine, { ...long, maxPositions: 1000 });
    const rowsOf = async (positions: number) => (await cache.covering(positions)).cos.shape[0];
    assert.deepEqual([await rowsOf(1), await rowsOf(256)], [256, 256]);
    assert.deepEqual([await rowsOf(257), await rowsOf(512)], [512, 512]);
    // A decoder's padding may lie beyond the last position.
    assert.deepEqual([await rowsOf(513), await rowsOf(1000), await rowsOf(1010)], [1000, 1000, 1000]);
    assert.equal(engine.bytesInUse, 2 * 4 * halves * (256 + 512 + 1000));
    assert.equal(await cache.covering(300), await cache.covering(400));
    const [short, longer] = [await cache.covering(1), await cache.covering(600)];
    const { cos, sin } = longer;
    assert.deepEqual(short.cos.data, (cos.data as Float32Array).slice(0, 256 * halves));
    assert.deepEqual(short.sin.data, (sin.data as Float32Array).slice(0, 256 * halves));
    await cache.dispose();
    assert.equal(engine.bytesInUse, 0);
  }));

Deno.test("CausalLM of a million positions holds tables for the texts it has read, no more", () =>
  withEngine(async (engine) => {
    const model = await createModel(long, { engine, random: new Random(1) });
    const before = engine.bytesInUse;
    const read = async (tokens: number) => {
      const pass = await model.forward(oneRow(Array.from({ length: tokens }, (_, i) => i % 40)));
      const last = await model.logProbs(pass, { rows: [99], targets: [7] });
      pass.hidden.dispose();
      return last.logProbs[0];
    };
    const first = await read(100);
    assert.equal(engine.bytesInUse - before, 2 * 4 * halves * 256);
    assert.ok(Math.abs(await read(300) - first) < 1e-6, "what follows a token does not change it");
    assert.equal(engine.bytesInUse - before, 2 * 4 * halves * (256 + 512));
    // A short row of a document that starts late: positions count, not tokens.
    const late = oneRow([1, 2, 3]);
    late.positions.set([598n, 599n, 600n]);
    (await model.forward(late)).hidden.dispose();
    assert.equal(engine.bytesInUse - before, 2 * 4 * halves * (256 + 512 + 1024));
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  }));
