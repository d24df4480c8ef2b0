import assert from "node:assert/strict";
import fc from "fast-check";
import { createLora } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type AdapterWeights,
  BatchFullError,
  type BatchRequest,
  type CausalLM,
  type Completion,
  ContinuousBatch,
  Decoders,
  generate,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { FarEngine } from "../../support/far_engine.ts";
import { assertClose } from "../../support/golden.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { alone, Asked, assertSame, finish } from "./batch_requests.ts";
import { oneRow, randomPrompts, smallModel, withModel, withSmallModel } from "./models.ts";

/** An adapter that changes what the model says. */
async function strongAdapter(model: CausalLM, seed: number, r = 2): Promise<AdapterWeights> {
  const adapter = await createLora(model, new Random(seed), { r });
  const random = new Random(seed).fork("factors");
  for (const factor of adapter.factors.values()) {
    (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.3 * random.normal());
  }
  return adapter;
}

const WAYS: Partial<BatchRequest>[] = [
  { temperature: 0 },
  { temperature: 0.8 },
  { temperature: 1.3, topP: 0.9 },
  { temperature: 0.7, topK: 5, minP: 0.05 },
  { temperature: 0, repetitionPenalty: 1.3 },
  { temperature: 1, repetitionPenalty: 1.2, topLogProbs: 3 },
];

Deno.test("ContinuousBatch gives each request what generate() gives it alone, on any schedule", async () => {
  await withSmallModel(async (model) => {
    const adapters = [
      null,
      await strongAdapter(model, 1),
      await strongAdapter(model, 2),
      await strongAdapter(model, 3, 3),
    ];
    const prompts = randomPrompts([3, 9, 9, 40, 41, 90, 1]);
    const expected = new Map<string, Completion>();
    const request = fc.record({
      prompt: fc.nat(prompts.length - 1),
      beginsWith: fc.nat(prompts.length - 1),
      way: fc.nat(WAYS.length - 1),
      adapter: fc.nat(adapters.length - 1),
      seed: fc.nat(2),
      tokens: fc.integer({ min: 1, max: 14 }),
      // When it comes, and when it is set aside and goes on, in steps.
      joins: fc.nat(12),
      pause: fc.option(fc.record({ at: fc.nat(12), steps: fc.nat(5) }), { freq: 2 }),
    });
    const schedule = fc.record({
      requests: fc.array(request, { minLength: 1, maxLength: 9 }),
      maxRows: fc.integer({ min: 1, max: 5 }),
      pieceTokens: fc.constantFrom(16, 64, 512),
      prefixCacheBytes: fc.constantFrom(0, 20_000, 1e6),
    });
    const decoders = new Decoders(model, { first: adapters[1] });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ requests, ...options }) => {
        const batch = new ContinuousBatch(model, { ...options, decoders });
        const asked: { given: typeof requests[number]; asked: Asked }[] = [];
        for (let step = 0; batch.busy || asked.length < requests.length; step++) {
          for (const given of requests.filter(({ joins }) => joins === step)) {
            const promptIds = [...prompts[given.beginsWith], ...prompts[given.prompt]];
            const { seed, tokens } = given;
            const adapter = adapters[given.adapter];
            const request = { promptIds, ...WAYS[given.way], seed, maxNewTokens: tokens, adapter, stopTokenIds: [7] };
            asked.push({ given, asked: new Asked(batch, request) });
          }
          for (const { given, asked: { handle } } of asked) {
            if (given.pause && step === given.joins + given.pause.at) handle.pause();
            if (given.pause && step === given.joins + given.pause.at + given.pause.steps) handle.resume();
          }
          await batch.step();
          assert.ok(batch.occupation.active <= options.maxRows);
        }
        // Whoever was set aside last has gone on.
        for (const { asked: { handle } } of asked) handle.resume();
        await finish(batch);
        for (const { given, asked: { request, completion, tokens } } of asked) {
          const key = JSON.stringify({ ...given, joins: 0, pause: null });
          let wanted = expected.get(key);
          if (!wanted) expected.set(key, wanted = await alone(model, request, decoders.of(request.adapter!)));
          assertSame(completion, wanted);
          assert.deepEqual(tokens.map(({ tokenId }) => tokenId), wanted.tokenIds);
        }
        assert.equal(batch.counts.finished, requests.length);
        assert.deepEqual({ ...batch.occupation, prefixBytes: 0 }, { active: 0, waiting: 0, paused: 0, prefixBytes: 0 });
        await batch.dispose();
      }),
      { numRuns: 40 },
    );
    await decoders.dispose();
  });
});

Deno.test("ContinuousBatch gives each request what generate() gives it, also on a device, where it keeps no prefixes", async () => {
  const near = await createEngine({ threads: 1 });
  const engine: Engine = new FarEngine(near);
  const model = await smallModel(engine);
  const decoders = new Decoders(model);
  const batch = new ContinuousBatch(model, { maxRows: 4, decoders });
  const asked = randomPrompts([5, 9, 9, 30, 2, 17]).map((promptIds, seed) =>
    new Asked(batch, { promptIds, ...WAYS[seed], seed, maxNewTokens: 10, stopTokenIds: [] })
  );
  for (let step = 0; step < 5; step++) await batch.step();
  asked[1].handle.pause();
  await batch.step();
  asked[1].handle.resume();
  await finish(batch);
  for (const { request, completion } of asked) assertSame(completion, await alone(model, request));
  assert.equal(batch.counts.prefixHits, 0);
  await batch.dispose();
  await decoders.dispose();
  await model.dispose();
  assert.equal(engine.bytesInUse, 0);
  await near.dispose();
});

Deno.test("ContinuousBatch lets a request leave at the next step, and its row is free", async () => {
  await withSmallModel(async (model) => {
    const batch = new ContinuousBatch(model, { maxRows: 2, maxQueue: 2 });
    const prompts = randomPrompts([6, 7, 8, 9]);
    const asked = prompts.map((promptIds) => new Asked(batch, { promptIds, maxNewTokens: 200, stopTokenIds: [] }));
    const [first, second, third, fourth] = asked;
    for (let step = 0; step < 10; step++) await batch.step();
    assert.deepEqual(asked.map(({ handle }) => handle.state), ["active", "active", "waiting", "waiting"]);
    const written = first.tokens.length;
    first.handle.abort();
    fourth.handle.abort();
    await batch.step();
    assert.deepEqual(asked.map(({ handle }) => handle.state), ["ended", "active", "active", "ended"]);
    assert.equal(first.completion.finishReason, "aborted");
    assert.deepEqual(first.completion.tokenIds, first.tokens.map(({ tokenId }) => tokenId));
    assert.equal(first.tokens.length, written);
    assert.deepEqual(fourth.completion.tokenIds, []);
    await finish(batch);
    for (const { request, completion } of [second, third]) assertSame(completion, await alone(model, request));
    assert.equal(batch.counts.aborted, 2);
    await batch.dispose();
  });
});

Deno.test("ContinuousBatch takes no more than its queue holds, those set aside included", async () => {
  await withSmallModel(async (model) => {
    const batch = new ContinuousBatch(model, { maxRows: 1, maxQueue: 1 });
    const [promptIds] = randomPrompts([6]);
    const request = { promptIds, maxNewTokens: 5 };
    const first = new Asked(batch, request);
    for (let step = 0; step < 2; step++) await batch.step();
    first.handle.pause();
    const second = new Asked(batch, request);
    await finish(batch);
    assert.deepEqual({ ...batch.occupation, prefixBytes: 0 }, { active: 0, waiting: 0, paused: 1, prefixBytes: 0 });
    new Asked(batch, request);
    assert.throws(() => new Asked(batch, request), (error) => {
      assert.ok(error instanceof BatchFullError);
      assert.deepEqual([error.waiting, error.maxQueue], [2, 1]);
      return true;
    });
    first.handle.resume();
    await finish(batch);
    assert.deepEqual(first.completion.tokenIds, second.completion.tokenIds);
    // Who is about to leave makes room at once.
    const [leaving] = [new Asked(batch, request), new Asked(batch, request)];
    leaving.handle.abort();
    const instead = new Asked(batch, request);
    assert.throws(() => new Asked(batch, request), BatchFullError);
    await finish(batch);
    assert.equal(leaving.completion.finishReason, "aborted");
    assert.deepEqual(instead.completion.tokenIds, second.completion.tokenIds);
    assert.throws(() => new Asked(batch, { promptIds, temperature: -1 }), /temperature: expected 0/);
    assert.throws(
      () => new ContinuousBatch(model, { maxRows: 0 }),
      /^RangeError: maxRows: expected a whole number from 1/,
    );
    await batch.dispose();
  });
});

Deno.test("ContinuousBatch ends a request that fails, and no other", async () => {
  await withSmallModel(async (model) => {
    const batch = new ContinuousBatch(model, { maxRows: 4 });
    const [first, second, third] = randomPrompts([6, 6, 6]);
    const options = { maxNewTokens: 8, stopTokenIds: [] };
    const bad = new Asked(batch, {
      ...options,
      promptIds: first,
      logitsProcessor: (logits, { tokenIds }) => {
        if (tokenIds.length === 3) logits.fill(-Infinity);
      },
    });
    const good = [second, third].map((promptIds) => new Asked(batch, { ...options, promptIds }));
    await finish(batch);
    assert.match(bad.error.message, /^the logits processor left no token/);
    assert.equal(bad.tokens.length, 3);
    assert.equal(bad.handle.state, "ended");
    for (const { request, completion } of good) assertSame(completion, await alone(model, request));
    assert.deepEqual([batch.counts.finished, batch.counts.failed], [2, 1]);
    // What the failed one had read is not kept.
    const again = new Asked(batch, {
      ...options,
      promptIds: [...first, ...bad.tokens.map(({ tokenId }) => tokenId), 1],
    });
    await finish(batch);
    assert.equal(again.start!.cachedTokens, first.length);
    await batch.dispose();
  });
});

Deno.test("ContinuousBatch and generate() name the likeliest tokens in the place of each", async () => {
  await withModel((engine) => smallModel(engine, { vocabSize: 330 }), async (model) => {
    const tokenizer = tinyTokenizer();
    const [promptIds] = randomPrompts([6], 300);
    for (const temperature of [0, 0.7]) {
      const batch = new ContinuousBatch(model);
      const request = { promptIds, temperature, maxNewTokens: 6, stopTokenIds: [], topLogProbs: 5, tokenizer };
      const asked = new Asked(batch, request);
      await finish(batch);
      for (const [place, { tokenId, logProb, topLogProbs }] of asked.tokens.entries()) {
        const read = [...promptIds, ...asked.completion.tokenIds.slice(0, place)];
        const every = Array.from({ length: 330 }, (_, token) => token);
        const pass = await model.forward(oneRow(read));
        const rows = every.map(() => read.length - 1);
        const { logProbs } = await model.logProbs(pass, { rows, targets: every, temperature: temperature || 1 });
        pass.hidden.dispose();
        const best = every.toSorted((a, b) => logProbs[b] - logProbs[a]).slice(0, 5);
        assert.deepEqual(topLogProbs!.map((one) => one.tokenId), best);
        assertClose(Float32Array.from(topLogProbs!, (one) => one.logProb), best.map((id) => logProbs[id]), "top", 1e-4);
        if (temperature === 0) assert.equal(tokenId, best[0]);
        assert.ok(Math.abs(logProb - logProbs[tokenId]) < 1e-4);
      }
      await batch.dispose();
    }
    await assert.rejects(generate(model, { prompts: [[1]], topLogProbs: -1 }), /topLogProbs: expected a whole number/);
  });
});
