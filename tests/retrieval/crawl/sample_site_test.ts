import assert from "node:assert/strict";
import { z } from "zod";
import { readJsonl } from "../../../lib/files/mod.ts";
import { SAMPLE_ODDITIES, serveSampleSite } from "../../../lib/retrieval/crawl/mod.ts";
import { crawled, pathOf } from "./crawled.ts";

const DATA = new URL("../../../data/site/", import.meta.url).pathname;

/** One crawl of the whole site, which the tests look at. */
async function crawlAll() {
  await using site = serveSampleSite({ slowness: 0, retryAfter: 0 });
  const result = await crawled({
    seeds: [site.url],
    allowHosts: [site.host],
    contact: "https://example.org/who",
    maxDepth: 20,
    maxBytes: 2 ** 20,
    maxPagesPerPattern: 12,
    maxQueriesPerPath: 5,
  });
  return { ...result, log: site.log, origin: site.origin };
}

let whole: ReturnType<typeof crawlAll> | undefined;
const wholeSite = () => whole ??= crawlAll();

async function* filesUnder(folder: string, path = "/"): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder + path)) {
    if (isDirectory) yield* filesUnder(folder, `${path}${name}/`);
    else yield `${path}${name === "index.html" ? "" : name}`;
  }
}

Deno.test("crawl() delivers every page of the sample site once, untrusted, with where it comes from", async () => {
  const { pages, paths, origin } = await wholeSite();
  const files = (await Array.fromAsync(filesUnder(`${DATA}pages`))).sort();
  assert.equal(files.length, 32);
  assert.deepEqual(files.filter((file) => !paths.includes(file)), []);
  assert.equal(new Set(paths).size, paths.length);
  for (const { url, documents, fetchedAt } of pages) {
    assert.ok(Date.now() - Date.parse(fetchedAt) < 600_000);
    for (const document of documents) {
      assert.equal(document.source, url);
      assert.equal(document.untrusted, true);
      assert.equal(document.metadata.url, url);
    }
  }
  const clock = pages.find(({ url }) => url === `${origin}/museum/tide-clock.html`);
  assert.equal(clock?.documents[0].title, "The Tide Clock");
  // Nothing but the sitemap names it.
  assert.ok(paths.includes("/archive/keepers-logbook.html"));
  assert.deepEqual(pages.find(({ url }) => url.endsWith(".pdf"))?.documents[0].mediaType, "application/pdf");
});

Deno.test("crawl() keeps manners on the sample site", async () => {
  const { log } = await wholeSite();
  assert.equal(log[0].path, "/robots.txt");
  const asked = log.map(({ path }) => path);
  assert.ok(!asked.includes("/private/ledger.html"));
  assert.ok(asked.includes("/private/notice.html"));
  const twice = asked.filter((path, i) => asked.indexOf(path) !== i);
  assert.deepEqual(twice, ["/busy.html"]);
  assert.equal(Math.max(...log.map(({ underWay }) => underWay)), 1);
  for (const { method, headers } of log) {
    assert.equal(method, "GET");
    assert.equal(headers["user-agent"], "Kiln/1.0 (+https://example.org/who)");
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.authorization, undefined);
  }
});

Deno.test("crawl() says of every oddity of the sample site what it is", async () => {
  const { reasons, messages, paths } = await wholeSite();
  for (const [path, reason] of Object.entries(SAMPLE_ODDITIES)) assert.deepEqual([path, reasons[path]], [path, reason]);
  for (
    const path of [
      "/chain/end",
      "/busy.html",
      "/slow.html",
      "/private/notice.html",
      "/hidden/nofollow.html",
      "/hidden/behind-noindex.html",
    ]
  ) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(!paths.includes("/hidden/behind-nofollow.html"));
  assert.match(messages["/to-metadata"], /169\.254\.169\.254 is link-local/);
  // Ten redirects, and no eleventh.
  assert.equal(reasons["/corridor/12"], undefined);
  // The traps end.
  assert.equal(paths.filter((path) => path.startsWith("/calendar/")).length, 12);
  assert.equal(paths.filter((path) => path.startsWith("/search")).length, 5);
  assert.ok(Object.values(reasons).includes("trap"));
});

Deno.test("crawl() counts in its summary what it told", async () => {
  const { events, summary } = await wholeSite();
  const count = (kind: string) => events.filter((event) => event.kind === kind).length;
  assert.deepEqual([summary.pages, summary.skipped, summary.failed], ["page", "skipped", "failed"].map(count));
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, one) => total + one, 0);
  assert.deepEqual([sum(summary.skippedFor), sum(summary.failedFor)], [summary.skipped, summary.failed]);
  assert.deepEqual([summary.waiting, summary.capped, summary.fromCache], [0, false, 0]);
  assert.equal(events.at(-1)?.kind, "finished");
  assert.equal(count("finished"), 1);
});

Deno.test("questions.jsonl of the sample site asks what its pages say, word for word", async () => {
  const row = z.strictObject({
    id: z.string().min(1),
    question: z.string().endsWith("?"),
    answer: z.string(),
    urls: z.array(z.string().startsWith("/")),
    quote: z.string().min(10).optional(),
  });
  const { rows } = await readJsonl(`${DATA}questions.jsonl`, row);
  const { pages } = await wholeSite();
  assert.deepEqual([rows.length, rows.filter(({ urls }) => urls.length === 0).length], [31, 6]);
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const { id, answer, urls, quote = "" } of rows) {
    // What the site does not say has neither page nor answer.
    assert.deepEqual([answer === "", quote === ""], [urls.length === 0, urls.length === 0], id);
    for (const path of urls) {
      const text = pages.find(({ url }) => pathOf(url) === path)?.documents[0].text ?? "";
      assert.ok(text.includes(quote), `${id}: ${path} does not say "${quote}"`);
    }
  }
});
