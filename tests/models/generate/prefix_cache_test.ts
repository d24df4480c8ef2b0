import assert from "node:assert/strict";
import fc from "fast-check";
import { createLora } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type AdapterWeights,
  type CausalLM,
  type Completion,
  generate,
  type GenerateOptions,
  loadModel,
  PrefixCache,
} from "../../../lib/models/mod.ts";
import { HostKvCache } from "../../../lib/models/generate/host_kv_cache.ts";
import { Random } from "../../../lib/random/mod.ts";
import { FarEngine } from "../../support/far_engine.ts";
import { assertClose, GOLDEN } from "../../support/golden.ts";
import { CountingDecoder } from "./counting_decoder.ts";
import { randomPrompts, smallConfig, smallModel, tokensOf } from "./models.ts";

/** A cache with one row of this length; what is in it is of no account here. */
function cacheOf(engine: Engine, length: number): HostKvCache {
  const cache = new HostKvCache(engine, smallConfig, 1, 1);
  cache.reserve(length);
  cache.advance(Int32Array.of(length));
  return cache;
}

/** Bytes of a row of up to 32 tokens: 2 layers of keys and values, 2 heads of 8 numbers. */
const ROW_BYTES = 2 * 2 * 2 * 8 * 4 * 32;

Deno.test("PrefixCache.find() gives the longest beginning that was kept, without the prompt's last token", async () => {
  const engine = await createEngine({ threads: 1 });
  const ids = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(ids, { maxLength: 12 }), fc.array(ids, { minLength: 1, maxLength: 6 }), (texts, prompts) => {
      const prefixes = new PrefixCache();
      for (const text of texts) prefixes.keep(cacheOf(engine, text.length), 0, text);
      for (const prompt of prompts) {
        const beginnings = prompt.slice(0, -1).map((_, last) => prompt.slice(0, last + 1).join());
        const isKept = (beginning: string) => texts.some((text) => `${text.join()},`.startsWith(`${beginning},`));
        const longest = beginnings.findLastIndex(isKept) + 1;
        const found = prefixes.find(prompt);
        assert.equal(found?.length ?? 0, longest);
        if (found) assert.ok(found.cache.lengths[found.row] >= longest);
      }
      // What another text begins with is not kept twice.
      const distinct = new Set(texts.map((text) => text.join()));
      const whole = [...distinct].filter((one) => ![...distinct].some((two) => two.startsWith(`${one},`)));
      assert.equal(prefixes.byteLength, whole.length * ROW_BYTES);
    }),
  );
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});

Deno.test("PrefixCache drops what was not used for longest when it is full, and keeps nothing that is larger than it", async () => {
  const engine = await createEngine({ threads: 1 });
  const prefixes = new PrefixCache({ maxBytes: 2 * ROW_BYTES });
  const found = (...ids: number[]) => prefixes.find([...ids, 9])?.length ?? 0;
  for (const id of [1, 2]) prefixes.keep(cacheOf(engine, 2), 0, [id, 5]);
  assert.equal(found(1), 1);
  prefixes.keep(cacheOf(engine, 2), 0, [3, 5]);
  assert.deepEqual([1, 2, 3].map((id) => found(id, 5)), [2, 0, 2]);
  assert.equal(prefixes.byteLength, 2 * ROW_BYTES);
  // 33 tokens take the room of 64, 65 that of 96.
  prefixes.keep(cacheOf(engine, 65), 0, Array(65).fill(4));
  assert.deepEqual([1, 3].map((id) => found(id, 5)), [2, 2]);
  prefixes.keep(cacheOf(engine, 33), 0, Array(33).fill(4));
  assert.deepEqual([1, 3].map((id) => found(id, 5)), [0, 0]);
  assert.equal(found(...Array(33).fill(4)), 33);
  const none = new PrefixCache({ maxBytes: 0 });
  none.keep(cacheOf(engine, 2), 0, [1, 5]);
  assert.equal(none.find([1, 5, 6]), null);
  assert.throws(() => new PrefixCache({ maxBytes: -1 }), /^RangeError: maxBytes: expected a number from 0, got -1$/);
  await engine.dispose();
});

/** An adapter that changes what the model says. */
async function strongAdapter(model: CausalLM): Promise<AdapterWeights> {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const random = new Random("factors");
  for (const factor of adapter.factors.values()) {
    (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.3 * random.normal());
  }
  return adapter;
}

/** What follows a turn: the prompt and what was written, or another prompt that begins like the last. */
const NEXT = {
  append: (prompt: readonly number[], written: readonly number[], more: readonly number[]) => [
    ...prompt,
    ...written,
    ...more,
  ],
  prompt: (prompt: readonly number[], written: readonly number[], more: readonly number[]) => [
    ...prompt.slice(0, -2),
    ...more,
    ...written,
    ...more,
  ],
};

interface Turns {
  next: keyof typeof NEXT;
  turns: number;
  options: Omit<GenerateOptions, "prompts">;
}

/** Writes several turns; each sample of a turn is a prompt of the next. */
async function write(
  model: CausalLM,
  { next, turns, options }: Turns,
  prefixCache?: PrefixCache,
): Promise<Completion[][][]> {
  const written: Completion[][][] = [];
  // Of different lengths, two of them alike, and one that another begins with.
  const first = randomPrompts([9, 4, 7]);
  let prompts = [...first, first[0], [...first[1], 5, 6]];
  const more = randomPrompts([2, 3, 5, 1]);
  for (let turn = 0; turn < turns; turn++) {
    const completions = await generate(model, { ...options, prompts, prefixCache, seed: turn });
    if (prefixCache) assert.ok(prefixCache.byteLength <= prefixCache.maxBytes);
    written.push(completions);
    // Episodes end at different times: the last prompt is not gone on from.
    prompts = completions.slice(0, -1).flatMap((samples, index) =>
      samples.map(({ tokenIds }) => NEXT[next](prompts[index], tokenIds, more[(index + turn) % more.length]))
    );
  }
  return written;
}

function assertSame(actual: Completion[][][], expected: Completion[][][], tolerance: number): void {
  assert.deepEqual(actual.map(tokensOf), expected.map(tokensOf));
  const logProbs = (turns: Completion[][][]) => turns.flat(2).flatMap(({ logProbs }) => [...logProbs]);
  assertClose(logProbs(actual), logProbs(expected), "log-probabilities with a prefix cache", tolerance);
}

const tiny = (precision: "float32" | "4bit") => (engine: Engine) =>
  loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine, precision });

const POLICIES: { what: string; make: (engine: Engine) => Promise<CausalLM>; withAdapter: boolean }[] = [
  { what: "a base model", make: (engine) => smallModel(engine), withAdapter: false },
  { what: "an adapter", make: (engine) => smallModel(engine), withAdapter: true },
  { what: "an adapter on a 4-bit base", make: tiny("4bit"), withAdapter: true },
  {
    what: "a qwen3",
    make: (engine) => smallModel(engine, { family: "qwen3", attentionBias: false }),
    withAdapter: false,
  },
];

for (const { what, make, withAdapter } of POLICIES) {
  Deno.test(`generate() writes the same with a prefix cache and reads less: ${what}`, async () => {
    const engine = await createEngine({ threads: 1 });
    const model = await make(engine);
    const adapter = withAdapter ? await strongAdapter(model) : null;
    const decoder = new CountingDecoder(model, { adapter });
    const rowBytes = 2 * model.config.layers * model.config.kvHeads * model.config.headDim * 4 * 32;
    for (const next of ["append", "prompt"] as const) {
      for (const [maxBatchRows, rows] of [[64, 1000], [3, 1000], [64, 4]]) {
        const options = { samples: 2, maxNewTokens: 9, temperature: 1, maxBatchRows, decoder, adapter };
        const turns: Turns = { next, turns: 3, options };
        decoder.read = 0;
        const whole = await write(model, turns);
        const read = decoder.read;
        decoder.read = 0;
        const prefixCache = new PrefixCache({ maxBytes: rows * rowBytes });
        assertSame(await write(model, turns, prefixCache), whole, 1e-5);
        assert.ok(decoder.read <= (rows === 4 ? 1 : 0.75) * read, `${decoder.read} of ${read} tokens are read`);
      }
    }
    await decoder.dispose();
    adapter?.factors.forEach((factor) => factor.dispose());
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
    await engine.dispose();
  });
}

Deno.test("generate() with a prefix cache reads only what follows it", async () => {
  const engine = await createEngine({ threads: 1 });
  const model = await smallModel(engine);
  const decoder = new CountingDecoder(model);
  const prefixCache = new PrefixCache();
  const options = { maxNewTokens: 6, stopTokenIds: [], decoder, prefixCache };
  const prompts = randomPrompts([20, 24]);
  const first = await generate(model, { ...options, prompts });
  decoder.read = 0;
  const longer = prompts.map((prompt, index) => [...prompt, ...first[index][0].tokenIds, 1, 2, 3]);
  const second = await generate(model, { ...options, prompts: longer });
  // The token drawn last was never read.
  assert.equal(decoder.read, 2 * 4);
  // Again: all but the last token is known. (One token is not counted as reading.)
  decoder.read = 0;
  assert.deepEqual(tokensOf(await generate(model, { ...options, prompts: longer })), tokensOf(second));
  assert.equal(decoder.read, 0);
  // One that is known and two that are not, but begin alike.
  const [beginning] = randomPrompts([80]).map((ids) => [40, 41, ...ids]);
  const mixed = [[...longer[0], 7, 8], [...beginning, 3, 4, 5], [...beginning, 4, 4]];
  const together = await generate(model, { ...options, prompts: mixed });
  assert.equal(decoder.read, 82 + 3 * 3);
  const without = await generate(model, { ...options, prefixCache: undefined, prompts: mixed });
  assert.deepEqual(tokensOf(together), tokensOf(without));
  await decoder.dispose();
  await model.dispose();
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});

Deno.test("generate() with a prefix cache keeps nothing on a device, nor of what was aborted", async () => {
  const near = await createEngine({ threads: 1 });
  for (const engine of [near, new FarEngine(near)]) {
    const model = await smallModel(engine);
    const prefixCache = new PrefixCache();
    const controller = new AbortController();
    const prompts = randomPrompts([5, 9]);
    await generate(model, { prompts, prefixCache, signal: controller.signal, onToken: () => controller.abort() });
    assert.equal(prefixCache.byteLength, 0);
    if (engine !== near) {
      const turns: Turns = { next: "append", turns: 2, options: { maxNewTokens: 5 } };
      assertSame(await write(model, turns, prefixCache), await write(model, turns), 1e-5);
      assert.equal(prefixCache.byteLength, 0);
    }
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  }
  await near.dispose();
});

Deno.test("generate() refuses a prefix cache that another policy filled", async () => {
  const engine = await createEngine({ threads: 1 });
  const model = await smallModel(engine);
  const adapter = await strongAdapter(model);
  const prefixCache = new PrefixCache();
  const options = { prompts: randomPrompts([5]), maxNewTokens: 2, prefixCache };
  await generate(model, options);
  await assert.rejects(generate(model, { ...options, adapter }), /^Error: prefixCache: .* another model or adapter/);
  adapter.factors.forEach((factor) => factor.dispose());
  await model.dispose();
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});
