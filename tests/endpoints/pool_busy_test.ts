import assert from "node:assert/strict";
import { EndpointFault, NoEndpointError, type Turn } from "../../lib/endpoints/mod.ts";
import { settled } from "./fake_endpoints.ts";
import { fakePool, fault, Works } from "./fake_pool.ts";

Deno.test("endpointPool() leaves a busy endpoint alone for as long as it asks, and does not count that as a failed try", async () => {
  const { pool, clock, changes } = fakePool(1, { maxRetries: 0, patienceMs: 20_000 });
  const works = new Works();
  const asked = pool.run(works.work);
  await settled();
  await works.end("a", fault("busy", 3000));
  await clock.pass(2999);
  assert.deepEqual([works.begun.length, pool.stats()[0].state], [1, "busy"]);
  await clock.pass(1);
  assert.equal(works.begun.length, 2);
  // It does not say for how long: a second, then two.
  await works.end("a", fault("busy"));
  await clock.pass(2000);
  assert.equal(works.begun.length, 3);
  await works.end("a");
  assert.equal(await asked, "a");
  assert.deepEqual(pool.stats()[0], {
    ...{ url: "http://a/v1", state: "up", open: 0, maxConcurrency: 16, requests: 1, failures: 0, refusals: 2 },
    ...{ promptTokens: 0, completionTokens: 0, lastFailure: "" },
  });
  assert.deepEqual(changes, ["a busy", "a busy"]);
  // Patience ends.
  const hopeless = pool.run(works.work);
  const ended = assert.rejects(hopeless, (error) => error instanceof EndpointFault && error.kind === "busy");
  await settled();
  for (let i = 0; i < 3; i++) {
    await works.end("a", fault("busy", 10_000));
    await clock.pass(10_000);
  }
  await ended;
  await pool.dispose();
});

Deno.test("endpointPool() takes many refusals at once for one, and does not storm an endpoint that says: at once", async () => {
  const { pool, clock } = fakePool(1);
  const works = new Works();
  const all = Array.from({ length: 10 }, () => pool.run(works.work));
  await settled();
  for (let i = 0; i < 10; i++) await works.end("a", fault("busy"));
  await clock.pass(999);
  assert.equal(works.begun.length, 10);
  await clock.pass(1);
  assert.equal(works.begun.length, 20);
  for (let i = 0; i < 9; i++) await works.end("a");
  await works.end("a", fault("busy", 0));
  for (let tries = 1; tries < 5; tries++) {
    await clock.pass(20 * 2 ** (tries - 1) - 1);
    assert.equal(works.begun.length, 19 + tries);
    await clock.pass(1);
    assert.equal(works.begun.length, 20 + tries);
    await works.end("a", fault("busy", 0));
  }
  await clock.pass(1000);
  await works.end("a");
  await Promise.all(all);
  await pool.dispose();
});

Deno.test("endpointPool() turns all requests away, not the first ones alone, when endpoints are too busy for long", async () => {
  const { pool, clock } = fakePool(2, { caps: [1, 1], patienceMs: 5000 });
  const refused: string[] = [];
  let answers = false;
  const work = (turn: Turn) => {
    if (answers) return Promise.resolve(turn.url);
    refused.push(turn.url);
    return Promise.reject(fault("busy", 1000));
  };
  const ends: (string | Error)[] = [];
  const runs = Array.from(
    { length: 40 },
    () => pool.run(work).then((url) => ends.push(url), (error) => ends.push(error)),
  );
  await clock.pass(4900);
  assert.equal(ends.length, 0);
  await clock.pass(2200);
  await Promise.all(runs);
  assert.equal(ends.length, 40);
  assert.ok(refused.length < 40, "most have never had a turn");
  const last = ends.at(-1);
  assert.ok(ends.every((end) => end instanceof Error));
  assert.ok(last instanceof NoEndpointError && /for 5 s.* http:\/\/a\/v1: busy/.test(last.message), `${last}`);
  assert.deepEqual(pool.stats().map(({ open }) => open), [0, 0]);
  // One that answers in between shows that it is worth waiting.
  const again = Array.from({ length: 40 }, () => pool.run(work).catch(() => "away"));
  await clock.pass(4000);
  answers = true;
  await clock.pass(60_000);
  assert.ok((await Promise.all(again)).every((end) => end !== "away"));
  assert.equal(clock.pending, 0);
  await pool.dispose();
});

Deno.test("endpointPool() lets requests wait behind one that is under way at a busy endpoint", async () => {
  const { pool, clock } = fakePool(1, { caps: [2], patienceMs: 5000 });
  const works = new Works();
  const long = pool.run(works.work);
  await settled();
  let refusals = 0;
  const other = pool.run((turn) => ++refusals < 4 ? Promise.reject(fault("busy", 1000)) : works.work(turn));
  const waiting = [1, 2, 3].map(() => pool.run(works.work));
  await clock.pass(20_000);
  for (let i = 0; i < 5; i++) await works.end("a");
  assert.deepEqual(await Promise.all([long, other, ...waiting]), ["a", "a", "a", "a", "a"]);
  await pool.dispose();
});
