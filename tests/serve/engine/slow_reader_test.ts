import assert from "node:assert/strict";
import { EngineFailure } from "../../../lib/serve/engine/mod.ts";
import { eventsOf, LONG, tokensOf, until, withServed } from "./served_folder.ts";

Deno.test("Engine.generate() gives a slow reader's row to others, and the same tokens in the end", () =>
  withServed(async ({ open }) => {
    const engine = await open({ maxRows: 1, windowTokens: 16 });
    const expected = tokensOf(await eventsOf(engine, LONG)).map(({ tokenId }) => tokenId);
    assert.ok(expected.length > 200, `${expected.length} tokens`);
    const before = (await engine.stats()).completionTokens;
    const slow = engine.generate(LONG);
    const read = [(await slow.next()).value];
    const stats = await until(engine, ({ paused }) => paused === 1);
    // What lies unread is no more than the window, and what was drawn in the step that was under way.
    assert.ok(stats.completionTokens - before <= 17, `${stats.completionTokens - before} tokens`);
    assert.equal(stats.activeRows, 0);
    // The only row is another's meanwhile.
    const other = await eventsOf(engine, { ...LONG, seed: 2, maxTokens: 50 });
    assert.equal(other.at(-1)?.type, "end");
    for await (const event of slow) {
      read.push(event);
      // Now and then it falls behind again.
      if (read.length % 50 === 0) await until(engine, ({ paused, activeRows }) => paused === 1 || activeRows === 0);
    }
    assert.deepEqual(tokensOf(read).map(({ tokenId }) => tokenId), expected);
    assert.equal(read.at(-1)?.type, "end");
  }));

Deno.test("Engine.generate() gives a reader up that reads nothing for too long", () =>
  withServed(async ({ open }) => {
    const engine = await open({ maxRows: 1, windowTokens: 8, stallSeconds: 0.05 });
    const stuck = engine.generate(LONG);
    await stuck.next();
    await until(engine, ({ paused, requests }) => paused === 0 && requests.aborted === 1);
    await assert.rejects(stuck.next(), (error) => {
      assert.ok(error instanceof EngineFailure && error.kind === "stalled");
      assert.match(error.message, /^nothing of the reply was read for 0\.05 s/);
      return true;
    });
    assert.deepEqual(await stuck.next(), { done: true, value: undefined });
    // One that has all of it may take its time.
    const short = engine.generate({ ...LONG, maxTokens: 3 });
    await short.next();
    await until(engine, ({ requests }) => requests.finished === 1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    const rest = await Array.fromAsync(short);
    assert.equal(rest.at(-1)?.type, "end");
  }));
