import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EndpointFault,
  endpointPool,
  type EndpointPoolOptions,
  EndpointRefusal,
  NoEndpointError,
} from "../../lib/endpoints/mod.ts";
import { settled } from "./fake_endpoints.ts";
import { fakePool, fault, Works } from "./fake_pool.ts";

Deno.test("endpointPool() gives requests to the endpoint that has least to do for its size, and keeps their order", async () => {
  const { pool } = fakePool(2, { caps: [2, 4] });
  const works = new Works();
  const order: number[] = [];
  const all = Array.from({ length: 8 }, (_, i) => pool.run(works.work).then(() => order.push(i)));
  await settled();
  assert.deepEqual(works.begun, ["a", "b", "b", "a", "b", "b"]);
  assert.deepEqual(pool.stats().map(({ open }) => open), [2, 4]);
  await works.end("b");
  await works.end("a");
  assert.deepEqual(works.begun.slice(6), ["b", "a"]);
  for (const host of ["a", "a", "b", "b", "b", "b"]) await works.end(host);
  await Promise.all(all);
  assert.deepEqual(pool.stats().map(({ requests, failures, open }) => [requests, failures, open]), [[3, 0, 0], [
    5,
    0,
    0,
  ]]);
  await pool.dispose();
});

Deno.test("endpointPool() keeps to the cap of all, and lets a request for many replies wait for room that nobody takes from it", async () => {
  const { pool, clock } = fakePool(2, { caps: [4, 4], maxConcurrency: 6 });
  const works = new Works();
  const run = (replies: number) => pool.run(works.work, { replies });
  const all = [run(3), run(3), run(1), run(9), run(1)];
  await settled();
  // Six are under way; what comes later does not pass by.
  assert.deepEqual(works.begun, ["a", "b"]);
  await works.end("a");
  assert.deepEqual(works.begun.slice(2), ["a"]);
  await works.end("a");
  // More than either takes at one time: alone, and with none beside it, being more than the cap of all too.
  assert.equal(works.begun.length, 3);
  await works.end("b");
  assert.equal(works.begun.length, 4);
  await works.end(works.begun[3]);
  await works.end(works.begun[4]);
  await Promise.all(all);
  await pool.dispose();
  assert.equal(clock.pending, 0);
});

Deno.test("endpointPool() tries a request elsewhere when its endpoint fails, which is out until it answers", async () => {
  const { pool, clock, hosts, changes } = fakePool(2);
  const works = new Works();
  hosts.a.status = "refused";
  const first = pool.run(works.work);
  await settled();
  await works.end("a", fault("connection"));
  assert.deepEqual(works.begun, ["a", "b"]);
  await clock.pass(0);
  assert.equal(pool.stats()[0].state, "out");
  const others = [pool.run(works.work), pool.run(works.work)];
  await settled();
  assert.deepEqual(works.begun, ["a", "b", "b", "b"]);
  // Looked at once at once, then after 0.5, 1, 2, 4 s.
  await clock.pass(7500);
  assert.equal(hosts.a.looks.length, 5);
  hosts.a.status = 503;
  await clock.pass(8000);
  assert.equal(hosts.a.looks.length, 6);
  assert.match(pool.stats()[0].lastFailure, /\/health answered 503/);
  hosts.a.status = 200;
  await clock.pass(16_000);
  assert.equal(pool.stats()[0].state, "up");
  const last = pool.run(works.work);
  await settled();
  assert.equal(works.begun.at(-1), "a");
  for (const host of ["a", "b", "b", "b"]) await works.end(host);
  await Promise.all([first, ...others, last]);
  assert.deepEqual(changes, ["a out", "a up"]);
  assert.equal(pool.stats()[0].failures, 1);
  await pool.dispose();
});

Deno.test("endpointPool() goes on to others while an endpoint says that it is well and fails all the same", async () => {
  const { pool, clock } = fakePool(2, { caps: [1, 1], maxRetries: 3 });
  const works = new Works();
  const blocking = pool.run(works.work);
  const failing = pool.run(works.work);
  await settled();
  await works.end("b", fault("server"));
  await clock.pass(0);
  // b is well again, as it says; but the request waits for a, which has not failed on it.
  assert.deepEqual([works.begun, pool.stats()[1].state], [["a", "b"], "up"]);
  await works.end("a");
  await blocking;
  assert.deepEqual(works.begun, ["a", "b", "a"]);
  await works.end("a", fault("timeout"));
  await clock.pass(0);
  await works.end("b", fault("server"));
  await clock.pass(2000);
  const ended = assert.rejects(failing, (error) => error instanceof EndpointFault && error.kind === "connection");
  await works.end("a", fault("connection"));
  await ended;
  assert.deepEqual(works.begun, ["a", "b", "a", "b", "a"]);
  await pool.dispose();
});

Deno.test("endpointPool() throws at once what is the request's own fault, or a bug, and counts it against nobody", async () => {
  const { pool } = fakePool(2);
  const works = new Works();
  for (const error of [new EndpointRefusal(400, "no such field"), new TypeError("a bug")]) {
    const asked = pool.run(works.work);
    await settled();
    const ended = assert.rejects(asked, error);
    await works.end(works.begun.at(-1)!, error);
    await ended;
  }
  assert.deepEqual(works.begun, ["a", "b"]);
  assert.ok(pool.stats().every(({ state, failures, open }) => state === "up" && failures === 0 && open === 0));
  await pool.dispose();
});

Deno.test("endpointPool() takes requests for lost when their endpoint does not answer for long, and writes them elsewhere", async () => {
  const { pool, clock, hosts } = fakePool(2, { healthIntervalMs: 1000, healthTimeoutMs: 2000 });
  const works = new Works();
  const asked = pool.run(works.work);
  await settled();
  hosts.a.status = "hangs";
  // One look after a second, which takes two; then after 0.5 s and 1 s two more.
  await clock.pass(3000);
  assert.equal(pool.stats()[0].state, "out");
  assert.deepEqual(works.begun, ["a"]);
  await clock.pass(5499);
  assert.deepEqual(works.begun, ["a"]);
  await clock.pass(1);
  assert.deepEqual(works.begun, ["a", "b"]);
  await works.end("b");
  assert.equal(await asked, "b");
  assert.match(pool.stats()[0].lastFailure, /did not say how it is in 2 s/);
  await pool.dispose();
});

Deno.test("endpointPool() asks for the list of models where there is no /health", async () => {
  let status = 404;
  const looks: string[] = [];
  const { pool, clock } = fakePool(1, {
    healthIntervalMs: 1000,
    fetch: (url) => {
      looks.push(new URL(`${url}`).pathname);
      return Promise.resolve(new Response(null, { status: `${url}`.endsWith("/v1/models") ? 200 : status }));
    },
  });
  for (status of [404, 401]) assert.equal((await pool.check())[0].state, "up");
  assert.deepEqual(looks, ["/health", "/v1/models", "/v1/models"]);
  assert.equal(clock.pending, 0);
  await pool.dispose();

  // A gateway that sends strangers to its front page.
  status = 302;
  const behind = fakePool(1, {
    fetch: (url) => Promise.resolve(new Response(null, { status: `${url}`.endsWith("/v1/models") ? 200 : status })),
  });
  assert.equal((await behind.pool.check())[0].state, "up");
  await behind.pool.dispose();
});

Deno.test("endpointPool() turns requests away when no endpoint was well for as long as they are patient", async () => {
  const { pool, clock, hosts } = fakePool(2, { patienceMs: 5000, maxProbeIntervalMs: 1000 });
  hosts.a.status = hosts.b.status = "refused";
  await pool.check();
  await clock.pass(60_000);
  const asked = pool.run(() => assert.fail("no endpoint is well"));
  const ended = assert.rejects(asked, (error) => {
    assert.ok(error instanceof NoEndpointError);
    assert.match(error.message, /no endpoint was well for 5 s.* http:\/\/a\/v1: connection refused; http:\/\/b/);
    return true;
  });
  let hasEnded = false;
  ended.then(() => hasEnded = true);
  await clock.pass(4900);
  assert.equal(hasEnded, false, "those that come later have the same patience");
  await clock.pass(1100);
  await ended;
  assert.equal(clock.pending, 0, "nothing is looked at when there is nothing to do");
  const looks = hosts.a.looks.length;
  await clock.pass(60_000);
  assert.equal(hosts.a.looks.length, looks);
  // Patience is rewarded.
  const later = pool.run((turn) => Promise.resolve(turn.url));
  await clock.pass(2000);
  hosts.b.status = 200;
  await clock.pass(2000);
  assert.equal(await later, "http://b/v1");
  await pool.dispose();
});

Deno.test("endpointPool() lets go of requests that are aborted, while they wait and while they run", async () => {
  const { pool, clock } = fakePool(1, { caps: [1] });
  const works = new Works();
  const abort = [new AbortController(), new AbortController()];
  const all = abort.map(({ signal }) => pool.run(works.work, { signal }));
  const third = pool.run(works.work);
  await settled();
  for (const i of [1, 0]) {
    const ended = assert.rejects(all[i], /enough/);
    abort[i].abort(new Error("enough"));
    await ended;
  }
  await settled();
  assert.deepEqual(works.begun, ["a", "a"]);
  // The first is still in the list of works, ended.
  await works.end("a");
  await works.end("a");
  assert.equal(await third, "a");
  await assert.rejects(pool.run(works.work, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  const running = pool.run(works.work);
  const waiting = assert.rejects(pool.run(works.work), /the pool is disposed of/);
  await settled();
  await pool.dispose();
  await waiting;
  await works.end("a");
  assert.equal(await running, "a", "what is under way is its caller's to end");
  assert.equal(clock.pending, 0);
  await assert.rejects(pool.run(works.work), NoEndpointError);
});

Deno.test("endpointPool() answers every request once, within all caps, whatever endpoints do", async () => {
  const event = fc.record({
    host: fc.constantFrom("a", "b", "c"),
    what: fc.constantFrom("answer", "answer", "answer", "connection", "server", "busy", "die", "live"),
    pass: fc.constantFrom(0, 0, 10, 700, 3000),
  });
  const requests = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(requests, fc.array(event, { maxLength: 60 }), async (requests, events) => {
      const { pool, clock, hosts } = fakePool(3, { caps: [2, 3, 4], maxConcurrency: 6, maxRetries: 1000 });
      const open = new Map(Object.keys(hosts).map((host) => [host, [] as PromiseWithResolvers<void>[]]));
      const answers = requests.map(() => 0);
      const all = requests.map((replies, i) =>
        pool.run(async ({ url }) => {
          const { hostname } = new URL(url);
          const end = Promise.withResolvers<void>();
          if (hosts[hostname].status !== 200) end.reject(fault("connection"));
          else open.get(hostname)!.push(end);
          await end.promise;
          answers[i]++;
        }, { replies })
      );
      const check = () => {
        const stats = pool.stats();
        // A request for three replies has an endpoint that takes two for itself.
        assert.ok(stats.every(({ open, maxConcurrency }) => open <= Math.max(3, maxConcurrency)));
        assert.ok(stats.reduce((sum, { open }) => sum + open, 0) <= 6);
      };
      for (const { host, what, pass } of events) {
        await clock.pass(pass);
        check();
        if (what === "die") {
          hosts[host].status = "refused";
          for (const end of open.get(host)!.splice(0)) end.reject(fault("connection"));
        } else if (what === "live") hosts[host].status = 200;
        else if (what === "answer") open.get(host)!.shift()?.resolve();
        else open.get(host)!.shift()?.reject(fault(what as EndpointFault["kind"]));
      }
      for (const host of Object.values(hosts)) host.status = 200;
      for (let i = 0; i < 200 && answers.includes(0); i++) {
        await clock.pass(1000);
        check();
        for (const ends of open.values()) ends.splice(0).forEach((end) => end.resolve());
        await settled();
      }
      await Promise.all(all);
      assert.deepEqual(answers, requests.map(() => 1));
      assert.equal(pool.stats().reduce((sum, { requests }) => sum + requests, 0), requests.length);
      assert.equal(clock.pending, 0);
      await pool.dispose();
    }),
    { numRuns: 150 },
  );
});

Deno.test("endpointPool() names the option that cannot be", () => {
  const url = "http://a/v1";
  const wrong: [EndpointPoolOptions, RegExp][] = [
    [{ endpoints: [] }, /endpoints: expected at least one/],
    [{ endpoints: [{ url: "a:8000" }] }, /endpoints\[0\]\.url/],
    [{ endpoints: [{ url: "http://user:secret@a/v1" }] }, /endpoints\[0\]\.url.*field of its own/],
    [{ endpoints: [{ url, key: "sk-\nsecret" }] }, /^endpoints\[0\]\.key(?!.*secret)/],
    [{ endpoints: [{ url }, { url: `${url}/` }] }, /http:\/\/a\/v1 is there twice/],
    [{ endpoints: [{ url, maxConcurrency: 0 }] }, /endpoints\[0\]\.maxConcurrency/],
    [{ endpoints: [{ url }], maxConcurrency: 1.5 }, /^maxConcurrency/],
    [{ endpoints: [{ url }], healthIntervalMs: 0 }, /healthIntervalMs/],
    [{ endpoints: [{ url }], patienceMs: Infinity }, /patienceMs/],
    [{ endpoints: [{ url }], maxRetries: -1 }, /maxRetries/],
  ];
  for (const [options, message] of wrong) assert.throws(() => endpointPool(options), { message });
  const pool = endpointPool({ endpoints: [{ url }] });
  assert.throws(() => pool.attempts({ replies: 0 }), /replies/);
});
