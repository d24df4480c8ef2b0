import assert from "node:assert/strict";
import fc from "fast-check";
import { HostGate } from "../../../lib/retrieval/crawl/host_gate.ts";
import { normalizeUrl } from "../../../lib/retrieval/crawl/normalize_url.ts";
import { readOptions } from "../../../lib/retrieval/crawl/options.ts";
import { decodeFrames, encodeFrame, type FetchReplyHead } from "../../../lib/retrieval/crawl/protocol.ts";
import { backOff, isTransient, readRetryAfter } from "../../../lib/retrieval/crawl/retry_after.ts";
import { TrapGuard } from "../../../lib/retrieval/crawl/traps.ts";

Deno.test("normalizeUrl() writes one page in one way", () => {
  const cases: [string, string][] = [
    ["HTTP://Example.ORG:80/a#part", "http://example.org/a"],
    ["https://example.org:443", "https://example.org/"],
    ["https://example.org./a", "https://example.org/a"],
    ["https://example.org/a/./b/../c", "https://example.org/a/c"],
    ["https://example.org/a/%2e%2E/b", "https://example.org/b"],
    ["https://example.org/%7euser/%c3%a9%2f", "https://example.org/~user/%C3%A9%2F"],
    ["https://example.org/a?", "https://example.org/a"],
    ["https://example.org/a?utm_source=x&b=1&gclid=2&fbclid=3", "https://example.org/a?b=1"],
    ["https://example.org/a?utm_source=x", "https://example.org/a"],
    ["https://example.org/a?b=%2f&a=1", "https://example.org/a?b=%2F&a=1"],
  ];
  for (const [url, expected] of cases) assert.equal(normalizeUrl(new URL(url)), expected);
  assert.equal(
    normalizeUrl(new URL("https://example.org/a?utm_source=x"), { stripTracking: false }),
    "https://example.org/a?utm_source=x",
  );
});

Deno.test("normalizeUrl() changes nothing the second time, and never the site", () => {
  const piece = fc.constantFrom(
    "a",
    "B",
    "/",
    "..",
    ".",
    "%2e",
    "%c3",
    "%",
    "?",
    "&",
    "utm_source=x",
    "=",
    "#",
    ":",
    "é",
    " ",
    "@",
    "\\",
  );
  const url = fc.tuple(
    fc.constantFrom("http://example.org", "HTTPS://Example.org:443", "http://example.org..:80", "http://a.b:81"),
    fc.array(piece),
  )
    .map(([site, pieces]) => `${site}/${pieces.join("")}`);
  fc.assert(fc.property(url, fc.boolean(), (text, stripTracking) => {
    const once = normalizeUrl(new URL(text), { stripTracking });
    assert.equal(normalizeUrl(new URL(once), { stripTracking }), once);
    assert.equal(new URL(once).hostname, new URL(text).hostname.replace(/\.+$/, ""));
    assert.equal(new URL(once).hash, "");
  }));
});

Deno.test("TrapGuard admits so many pages of a pattern, queries of a path, and repeats in a path", () => {
  const guard = new TrapGuard({
    maxPagesPerPattern: 3,
    maxQueriesPerPath: 2,
    maxPathSegments: 5,
    maxSegmentRepeats: 2,
  });
  const months = Array.from({ length: 6 }, (_, month) => guard.admit(`https://example.org/calendar/2025/${month + 1}`));
  assert.deepEqual(months.map((problem) => problem === undefined), [true, true, true, false, false, false]);
  assert.match(months[3] ?? "", /3 pages like https:\/\/example\.org\/calendar\/#\/#/);
  const queries = [1, 2, 3].map((page) => guard.admit(`https://example.org/list?page=${page}`));
  assert.deepEqual(queries.map((problem) => problem === undefined), [true, true, false]);
  assert.match(guard.admit("https://example.org/a/b/a/b/a") ?? "", /repeats "a"/);
  assert.match(guard.admit("https://example.org/1a/b/c/d/e/f") ?? "", /more than 5 segments/);
  // Names without numbers are no pattern, and other sites have counters of their own.
  for (const name of ["one", "two", "three", "four"]) {
    assert.equal(guard.admit(`https://example.org/${name}`), undefined);
  }
  assert.equal(guard.admit("https://example.com/calendar/2025/1"), undefined);
});

Deno.test("readRetryAfter() reads seconds and dates, and nothing else", () => {
  const now = Date.parse("2025-01-06T12:00:00Z");
  assert.equal(readRetryAfter("120", now), 120_000);
  assert.equal(readRetryAfter(" 0 ", now), 0);
  assert.equal(readRetryAfter("Mon, 06 Jan 2025 12:00:30 GMT", now), 30_000);
  assert.equal(readRetryAfter("Mon, 06 Jan 2025 11:00:00 GMT", now), 0);
  for (const text of [undefined, "", "-5", "1.5", "soon", "next 1", "Mon", "99999999999"]) {
    assert.equal(readRetryAfter(text, now), undefined, text);
  }
  assert.deepEqual([0, 1, 2].map((attempt) => backOff(attempt, 100)), [100, 200, 400]);
  assert.deepEqual([200, 404, 429, 500, 501, 503].map(isTransient), [false, false, true, true, false, true]);
});

Deno.test("decodeFrames() gives what encodeFrame() was given, however the bytes are cut", async () => {
  const head = fc.record({
    id: fc.nat(),
    ok: fc.constant(true as const),
    status: fc.integer({ min: 200, max: 599 }),
    headers: fc.dictionary(fc.string(), fc.string()),
  });
  const frames = fc.array(fc.tuple(head, fc.uint8Array({ maxLength: 50 })), { maxLength: 4 });
  await fc.assert(fc.asyncProperty(frames, fc.integer({ min: 1, max: 40 }), async (sent, step) => {
    const bytes = sent.flatMap(([one, body]) => [...encodeFrame(one as FetchReplyHead, body)]);
    const received = [];
    for await (const frame of decodeFrames(pieces(bytes, step), 50)) received.push([frame.head, [...frame.body]]);
    assert.deepEqual(received, sent.map(([one, body]) => [JSON.parse(JSON.stringify(one)), [...body]]));
  }));
});

Deno.test("decodeFrames() refuses frames that are too long, and streams that end within one", async () => {
  const read = async (bytes: number[]) => {
    for await (const _ of decodeFrames(pieces(bytes, 3), 10));
  };
  await assert.rejects(() => read([0, 0, 0, 2, 0, 0, 0, 11, 123, 125]), /announced a frame/);
  await assert.rejects(() => read([255, 255, 255, 255, 0, 0, 0, 0]), /announced a frame/);
  await assert.rejects(() => read([0, 0, 0, 2, 0, 0, 0, 1, 123]), /ended within/);
  await assert.rejects(() => read([0, 0, 0, 1, 0, 0, 0, 0, 123]), SyntaxError);
});

async function* pieces(bytes: readonly number[], step: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += step) yield await Promise.resolve(Uint8Array.from(bytes.slice(i, i + step)));
}

Deno.test("HostGate lets one request at a time to a host through, with a pause after each", async () => {
  const gate = new HostGate();
  const signal = new AbortController().signal;
  let underWay = 0;
  const ends: number[] = [];
  const starts: number[] = [];
  await Promise.all([1, 2, 3].map(() =>
    gate.pass("a:80", () => 20, signal, async () => {
      starts.push(performance.now());
      assert.equal(++underWay, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      ends.push(performance.now());
    })
  ));
  for (const i of [1, 2]) assert.ok(starts[i] - ends[i - 1] >= 18, `${starts[i] - ends[i - 1]} ms`);
  // Another host waits for nobody.
  assert.equal(await gate.pass("b:80", () => 0, signal, () => Promise.resolve("b")), "b");
});

Deno.test("HostGate ends a wait with the signal's reason, and lets the next one through", async () => {
  const gate = new HostGate();
  gate.rest("a:80", 60_000);
  const controller = new AbortController();
  const waiting = gate.pass("a:80", () => 0, controller.signal, () => Promise.resolve());
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  const calm = new HostGate();
  await assert.rejects(
    calm.pass("a:80", () => 0, new AbortController().signal, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await calm.pass("a:80", () => 0, new AbortController().signal, () => Promise.resolve(1)), 1);
});

Deno.test("readOptions() names what is wrong", () => {
  const seeds = ["https://example.org/"];
  assert.throws(() => readOptions({ seeds: [] }), /seeds: no seeds/);
  assert.throws(() => readOptions({ seeds, maxPages: 0 }), /maxPages/);
  assert.throws(() => readOptions({ seeds, delay: NaN }), /delay/);
  assert.throws(() => readOptions({ seeds, contact: "me (at) home" }), /contact is an address/);
  assert.throws(() => readOptions({ seeds, headers: { "https://a.org": { host: "b.org" } } }), /cannot be set/);
  assert.throws(() => readOptions({ seeds, headers: { "https://a.org": { x: "a\r\nb: c" } } }), /printable ASCII/);
  assert.throws(() => readOptions({ seeds, allowOrigins: ["example.org"] }), /is not an origin/);
  const settings = readOptions({
    seeds,
    contact: "https://example.org/bot",
    headers: { "https://a.org/x": { a: "b" } },
  });
  assert.equal(settings.userAgent, "Kiln/1.0 (+https://example.org/bot)");
  assert.deepEqual(settings.headers, { "https://a.org": { a: "b" } });
});
