import assert from "node:assert/strict";
import { Frontier } from "../../../lib/retrieval/crawl/frontier.ts";
import { PageCache } from "../../../lib/retrieval/crawl/page_cache.ts";
import { inFolder } from "../../support/in_folder.ts";

const SEEDS = ["https://a.org/"];
const url = (name: string) => `https://a.org/${name}`;
const found = (name: string, depth: number) => ({ url: url(name), depth });
const anyHost = () => true;

Deno.test("Frontier gives the nearest URLs first, of free hosts, each once", async () => {
  const frontier = await Frontier.open({ seeds: SEEDS, maxUrls: 100 });
  frontier.apply({
    found: [found("deep", 2), found("near", 1), found("near", 0), { url: "https://b.org/", depth: 3 }],
    refused: [],
  });
  assert.equal(frontier.take((host) => host === "b.org:443")?.url, "https://b.org/");
  assert.equal(frontier.take(anyHost)?.url, url("near"));
  assert.equal(frontier.waiting, 1);
  assert.equal(frontier.take(anyHost)?.url, url("deep"));
  assert.equal(frontier.take(anyHost), undefined);
});

Deno.test("Frontier goes on from its journal, without a line that a crash cut off", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/frontier.jsonl`;
    const open = () => Frontier.open({ seeds: SEEDS, maxUrls: 100, journal });
    const first = await open();
    const steps = [
      { found: [found("", 0)], refused: [] },
      {
        url: url(""),
        outcome: { kind: "page" as const, contents: "abc", fromCache: false },
        found: [found("1", 1), found("2", 1)],
        refused: [{ url: "https://b.org/", reason: "other origin" as const, message: "no" }],
      },
      { url: url("1"), outcome: { kind: "failed" as const, reason: "status" as const }, found: [], refused: [] },
      { sitemapsOf: "https://a.org", found: [], refused: [] },
    ];
    for (const step of steps) {
      first.apply(step);
      await first.write(step);
    }
    await first.close();
    await Deno.writeTextFile(journal, '{"type":"step","url":"https://a.org/2","outc', { append: true });

    const second = await open();
    assert.deepEqual(
      [second.pages, second.failed, second.skipped, second.waiting, second.startedAt],
      [1, 1, 1, 1, first.startedAt],
    );
    assert.deepEqual([second.skippedFor, second.failedFor], [{ "other origin": 1 }, { status: 1 }]);
    assert.equal(second.sameContents("abc"), url(""));
    assert.equal(second.hasSitemapsOf("https://a.org"), true);
    assert.equal(second.stateOf("https://b.org/"), "refused");
    assert.equal(second.take(anyHost)?.url, url("2"));
    await second.finish();
    await second.close();

    const third = await open();
    assert.deepEqual([third.pages, third.waiting, third.stateOf(url(""))], [0, 0, undefined]);
    await third.close();
  }));

Deno.test("Frontier brings a page back that was left out for a canonical URL that cannot be had", async () => {
  const frontier = await Frontier.open({ seeds: SEEDS, maxUrls: 100 });
  frontier.apply({ found: [found("a", 0)], refused: [] });
  frontier.take(anyHost);
  frontier.apply({ url: url("a"), outcome: { kind: "skipped", reason: "canonical" }, found: [], refused: [] });
  assert.equal(frontier.skipped, 1);
  frontier.apply({ found: [found("a", 0)], refused: [] });
  assert.equal(frontier.waiting, 0);
  frontier.apply({ found: [{ ...found("a", 0), isFinal: true }], refused: [] });
  assert.deepEqual([frontier.skipped, frontier.take(anyHost)?.isFinal], [0, true]);
});

Deno.test("Frontier refuses a journal that is not one", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/frontier.jsonl`;
    await Deno.writeTextFile(
      journal,
      '{"type":"start","version":1,"seeds":["https://a.org/"],"startedAt":0}\n{"type":"step","url":5}\n',
    );
    await assert.rejects(() => Frontier.open({ seeds: SEEDS, maxUrls: 100, journal }), /frontier\.jsonl, line 2/);
  }));

const answer = (name: string, bytes: number) => ({
  url: url(name),
  status: 200,
  headers: { etag: '"1"' },
  fetchedAt: 5,
  body: new Uint8Array(bytes).fill(10),
});

Deno.test("PageCache keeps answers over openings, and drops damaged ones", () =>
  inFolder(async (folder) => {
    const cache = await PageCache.open(folder, 10_000);
    await cache.put(answer("a", 100));
    await cache.put(answer("b", 0));
    await cache.put({ ...answer("a", 200), fetchedAt: 6 });
    const reopened = await PageCache.open(folder, 10_000);
    assert.deepEqual(await reopened.get(url("a")), { ...answer("a", 200), fetchedAt: 6 });
    assert.deepEqual(await reopened.get(url("b")), answer("b", 0));
    assert.equal(await reopened.get(url("c")), undefined);
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    for (const name of names) {
      const bytes = await Deno.readFile(`${folder}/${name}`);
      await Deno.writeFile(`${folder}/${name}`, bytes.subarray(0, bytes.length - 1));
    }
    assert.deepEqual([await reopened.get(url("a")), await reopened.get(url("b"))], [undefined, undefined]);
    assert.deepEqual(Array.from(Deno.readDirSync(folder)), []);
  }));

Deno.test("PageCache stays below its size: the oldest answers go", () =>
  inFolder(async (folder) => {
    const cache = await PageCache.open(folder, 3000);
    for (const name of ["a", "b", "c"]) await cache.put(answer(name, 1000));
    await cache.put(answer("huge", 5000));
    assert.equal(await cache.get(url("a")), undefined);
    assert.equal(await cache.get(url("huge")), undefined);
    assert.ok(await cache.get(url("c")));
    const size = Array.from(Deno.readDirSync(folder), ({ name }) => Deno.statSync(`${folder}/${name}`).size).reduce((
      a,
      b,
    ) => a + b);
    assert.ok(size <= 3000, `${size} bytes`);
    const smaller = await PageCache.open(folder, 1500);
    assert.ok(await smaller.get(url("c")) || await smaller.get(url("b")));
    assert.equal(Array.from(Deno.readDirSync(folder)).length, 1);
  }));
