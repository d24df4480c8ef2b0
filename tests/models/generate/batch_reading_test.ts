import assert from "node:assert/strict";
import { alone, Asked, assertSame, finish, withWatched } from "./batch_requests.ts";
import { randomPrompts } from "./models.ts";

Deno.test("ContinuousBatch goes on with others after the model has failed", () =>
  withWatched({ maxRows: 4 }, async (batch, decoder, model) => {
    const ask = (promptIds: number[]) => new Asked(batch, { promptIds, maxNewTokens: 6, stopTokenIds: [] });
    const [a, b, c, d, e] = randomPrompts([8, 8, 8, 8, 8]);
    // Decoding fails: all rows are lost, and nobody else.
    const lost = [a, b].map(ask);
    for (let step = 0; step < 3; step++) await batch.step();
    decoder.failure = (tokens) => tokens === 1;
    await batch.step();
    assert.deepEqual(lost.map(({ error }) => error.message), ["out of memory", "out of memory"]);
    // Reading fails for a prompt together with others: each is read alone, and the one at fault fails.
    decoder.failure = (tokens, rows) => tokens > 1 && rows > 1;
    const together = [c, d].map(ask);
    await finish(batch);
    for (const { request, completion } of together) assertSame(completion, await alone(model, request));
    decoder.failure = (tokens) => tokens > 1;
    const unread = ask(e);
    await finish(batch);
    assert.equal(unread.error.message, "out of memory");
    decoder.failure = null;
    const after = ask(e);
    await finish(batch);
    assertSame(after.completion, await alone(model, after.request));
    assert.deepEqual([batch.counts.failed, batch.counts.finished], [3, 3]);
  }));

Deno.test("ContinuousBatch reads a long prompt between the steps of others, and prompts of like length together", () =>
  withWatched({ maxRows: 6, pieceTokens: 16 }, async (batch, decoder) => {
    const [short, long, other, ...alike] = randomPrompts([4, 200, 20, 20, 21, 20]);
    const ask = (promptIds: readonly number[]) => new Asked(batch, { promptIds, maxNewTokens: 40, stopTokenIds: [] });
    const first = ask(short);
    for (let step = 0; step < 3; step++) await batch.step();
    const second = ask(long);
    decoder.steps.length = 0;
    while (second.tokens.length === 0) await batch.step();
    const pieces = decoder.steps.map(([tokens]) => tokens);
    assert.equal(pieces.reduce((sum, tokens) => sum + (tokens > 1 ? tokens : 0), 0), 200);
    // Each piece is followed by a step of the first request.
    assert.deepEqual(pieces.slice(0, 6), [16, 1, 16, 1, 16, 1]);
    assert.equal(first.tokens.length, 3 + pieces.filter((tokens) => tokens === 1).length);
    await finish(batch);
    // A short prompt that comes meanwhile is read in between.
    const [written, longer] = [ask(short), ask(long.toReversed())];
    for (let step = 0; step < 4; step++) await batch.step();
    const late = ask(other);
    while (late.tokens.length === 0) await batch.step();
    assert.ok(written.tokens.length > 0 && longer.tokens.length === 0);
    await finish(batch);
    // With nothing to write, all is read at once.
    decoder.steps.length = 0;
    const others = alike.map(ask);
    await batch.step();
    assert.deepEqual(decoder.steps, [[21, 3]]);
    assert.ok(others.every(({ tokens }) => tokens.length === 1));
    await finish(batch);
  }));

Deno.test("ContinuousBatch reads what prompts begin with once, also while the first of them is written", () =>
  withWatched({ maxRows: 2, prefixCacheBytes: 100_000 }, async (batch, decoder) => {
    const [system, ...questions] = randomPrompts([60, 5, 6, 7]);
    const ask = (question: number[]) =>
      new Asked(batch, { promptIds: [...system, ...question], maxNewTokens: 20, stopTokenIds: [] });
    const first = ask(questions[0]);
    for (let step = 0; step < 4; step++) await batch.step();
    assert.equal(decoder.read, 65);
    const second = ask(questions[1]);
    await finish(batch);
    assert.equal(first.start!.cachedTokens, 0);
    assert.deepEqual(second.start, { kind: "start", promptTokens: 66, cachedTokens: 60 });
    assert.equal(decoder.read, 65 + 6);
    // So does one that was set aside.
    const paused = ask(questions[2]);
    for (let step = 0; step < 9; step++) await batch.step();
    assert.equal(decoder.read, 65 + 6 + 7);
    paused.handle.pause();
    await batch.step();
    paused.handle.resume();
    await finish(batch);
    assert.equal(paused.completion.tokenIds.length, 20);
    assert.equal(decoder.read, 65 + 6 + 7);
    // The next turn goes on from the reply.
    const turn = [...second.completion.tokenIds, 3, 4];
    const third = new Asked(batch, { promptIds: [...second.request.promptIds, ...turn], maxNewTokens: 2 });
    await finish(batch);
    assert.equal(third.start!.cachedTokens, 66 + 19);
    const { promptTokens, cachedTokens, prefixHits, prefixLookups } = batch.counts;
    assert.deepEqual([prefixHits, prefixLookups, cachedTokens], [3, 4, 60 + 60 + 85]);
    assert.equal(promptTokens, 65 + 66 + 67 + 88);
    assert.ok(batch.occupation.prefixBytes > 0 && batch.occupation.prefixBytes <= 100_000);
  }));

Deno.test("ContinuousBatch keeps no more of a prompt than was read, when its request was set aside meanwhile", () =>
  withWatched({ maxRows: 4, pieceTokens: 32 }, async (batch, _, model) => {
    const [short, long, like] = randomPrompts([4, 200, 200]);
    const ask = (promptIds: readonly number[], maxNewTokens: number) =>
      new Asked(batch, { promptIds, maxNewTokens, stopTokenIds: [] });
    // Somebody who is written has prompts read in pieces, and somebody else goes on with the first reading.
    ask(short, 60);
    for (let step = 0; step < 3; step++) await batch.step();
    const first = ask(long, 60);
    ask(like, 5);
    for (let step = 0; step < 4; step++) await batch.step();
    assert.equal(first.handle.state, "reading");
    first.handle.pause();
    await batch.step();
    first.handle.resume();
    // It becomes a row by one reading, and writes while the other comes to its end.
    while (first.tokens.length < 10) await batch.step();
    const next = ask([...long, ...first.tokens.map(({ tokenId }) => tokenId), 5, 6], 20);
    await finish(batch);
    for (const { request, completion } of [first, next]) assertSame(completion, await alone(model, request));
  }));

Deno.test("ContinuousBatch ends requests that there is no memory for, and goes on", () =>
  withWatched({ maxRows: 3 }, async (batch, decoder, model) => {
    const cacheOf = decoder.cache.bind(decoder);
    decoder.cache = (rows, ...more) => {
      if (rows === 3) throw new Error("out of memory");
      return cacheOf(rows, ...more);
    };
    const lost = randomPrompts([8, 8]).map((promptIds) => new Asked(batch, { promptIds, maxNewTokens: 4 }));
    await finish(batch);
    assert.deepEqual(lost.map(({ error }) => error.message), ["out of memory", "out of memory"]);
    assert.equal(batch.counts.failed, 2);
    decoder.cache = cacheOf;
    const after = new Asked(batch, lost[0].request);
    await finish(batch);
    assertSame(after.completion, await alone(model, after.request));
  }));
