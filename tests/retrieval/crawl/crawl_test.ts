import assert from "node:assert/strict";
import { crawl, serveSampleSite } from "../../../lib/retrieval/crawl/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { crawled } from "./crawled.ts";
import { htmlPage, tinySite } from "./tiny_site.ts";

Deno.test("crawl() stops at its caps and says so", async () => {
  await using site = serveSampleSite();
  const common = { seeds: [site.url], allowHosts: [site.host], sitemaps: false };
  const few = await crawled({ ...common, maxPages: 3 });
  assert.deepEqual([few.summary.pages, few.summary.capped], [3, true]);
  assert.equal(site.log.length, 4);
  const near = await crawled({ ...common, maxDepth: 0 });
  assert.deepEqual([near.paths, near.summary.capped], [["/"], false]);
  assert.equal(near.reasons["/museum/"], "depth");
  const thrifty = await crawled({ ...common, maxRequests: 2 });
  assert.deepEqual([thrifty.summary.requests, thrifty.summary.capped], [2, true]);
  const forgetful = await crawled({ ...common, maxUrls: 4, maxDepth: 1 });
  assert.equal(forgetful.summary.pages, 4);
  assert.ok((forgetful.summary.skippedFor["too many URLs"] ?? 0) > 0);
  const choosy = await crawled({
    ...common,
    accept: ({ pathname }) => pathname === "/" || pathname.startsWith("/visit/"),
  });
  assert.deepEqual(choosy.paths.sort(), [
    "/",
    "/visit/",
    "/visit/accessibility.html",
    "/visit/getting-here.html",
    "/visit/guestbook.html",
  ]);
});

Deno.test("crawl() asks for nothing when robots.txt forbids it or cannot be read", async () => {
  for (const robots of [503, 429, "User-agent: kiln\nDisallow: /\n\nUser-agent: *\nAllow: /"]) {
    await using site = serveSampleSite({ robots });
    const { pages, reasons } = await crawled({ seeds: [site.url], allowHosts: [site.host], retries: 0 });
    assert.deepEqual([pages.length, reasons["/"]], [0, "robots"]);
    assert.deepEqual(site.log.map(({ path }) => path), ["/robots.txt"]);
  }
  await using open = serveSampleSite({ robots: 403 });
  const { pages } = await crawled({ seeds: [open.url], allowHosts: [open.host], maxPages: 2 });
  assert.equal(pages.length, 2);
});

Deno.test("crawl() follows redirects of robots.txt, and honours a crawl-delay up to its cap", async () => {
  await using site = tinySite({
    "/robots.txt": () => Response.redirect(`${site.origin}/rules`, 302),
    "/rules": () => new Response("User-agent: *\nDisallow: /no\nCrawl-delay: 3600"),
    "/": htmlPage("front", ["/no", "/yes"]),
    "/yes": htmlPage("yes"),
  });
  const started = performance.now();
  const { paths, reasons } = await crawled({
    seeds: [site.origin],
    allowHosts: [site.host],
    sitemaps: false,
    maxCrawlDelay: 200,
  });
  assert.deepEqual([paths, reasons["/no"]], [["/", "/yes"], "robots"]);
  assert.ok(performance.now() - started >= 200);
});

Deno.test("crawl() leaves a host alone between sitemaps for as long as its robots.txt asks", async () => {
  const asked: number[] = [];
  const sitemap = () => {
    asked.push(performance.now());
    return new Response(`${site.origin}/`, { headers: { "content-type": "text/plain" } });
  };
  await using site = tinySite({
    "/robots.txt": () => new Response("User-agent: *\nCrawl-delay: 60\nSitemap: /a.txt\nSitemap: /b.txt"),
    "/a.txt": sitemap,
    "/b.txt": sitemap,
    "/": htmlPage("front"),
  });
  await crawled({ seeds: [site.origin], allowHosts: [site.host], maxCrawlDelay: 200 });
  assert.equal(asked.length, 2);
  assert.ok(asked[1] - asked[0] >= 200, `${asked[1] - asked[0]} ms`);
});

Deno.test("crawl() follows other origins only when allowed, and takes no headers there", async () => {
  await using other = serveSampleSite();
  await using site = serveSampleSite({ otherOrigin: other.origin });
  const options = {
    seeds: [`${site.origin}/away`],
    allowHosts: [site.host, other.host],
    headers: { [site.origin]: { authorization: "Bearer secret", cookie: "a=b" } },
    sitemaps: false,
    maxPages: 2,
  };
  const shut = await crawled(options);
  assert.deepEqual([shut.reasons["/away"], other.log.length], ["other origin", 0]);
  const open = await crawled({ ...options, allowOrigins: [other.origin] });
  assert.equal(open.pages[0].url, other.url);
  for (const { headers } of site.log) assert.equal(headers.authorization, "Bearer secret");
  assert.ok(other.log.length >= 2);
  for (const { headers } of other.log) {
    assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined]);
  }
});

Deno.test("crawl() gives pages up that take too long, or ask to come back too late", async () => {
  await using site = serveSampleSite({ slowness: 60_000, retryAfter: 3600 });
  const seeds = [`${site.origin}/slow.html`, `${site.origin}/busy.html`];
  const { reasons, messages } = await crawled({
    seeds,
    allowHosts: [site.host],
    sitemaps: false,
    headTimeout: 3000,
    retries: 0,
  });
  assert.deepEqual([reasons["/slow.html"], reasons["/busy.html"]], ["timeout", "status"]);
  assert.match(messages["/slow.html"], /no answer within 3000 ms/);
  await using busy = serveSampleSite({ retryAfter: 3600 });
  const later = await crawled({ seeds: [`${busy.origin}/busy.html`], allowHosts: [busy.host], sitemaps: false });
  assert.match(later.messages["/busy.html"], /come back in 3600 s/);
  assert.equal(busy.log.filter(({ path }) => path === "/busy.html").length, 1);
});

Deno.test("crawl() waits as long as Retry-After asks", async () => {
  await using site = serveSampleSite({ retryAfter: 1 });
  const { paths } = await crawled({ seeds: [`${site.origin}/busy.html`], allowHosts: [site.host], sitemaps: false });
  assert.deepEqual(paths, ["/busy.html"]);
  const [first, second] = site.log.filter(({ path }) => path === "/busy.html");
  assert.ok(second.startedAt - first.endedAt >= 990, `${second.startedAt - first.endedAt} ms`);
});

Deno.test("crawl() delivers a page whose canonical URL cannot be had, and the canonical one where it can", async () => {
  const canonical = (url: string) => `<link rel="canonical" href="${url}">`;
  await using site = tinySite({
    "/": htmlPage("front", ["/a", "/c", "/e", "/g?x=1", "/h"]),
    // The canonical URL leads back, is missing, is elsewhere, is there, leads to one that is there.
    "/a": htmlPage("a", [], canonical("/b")),
    "/b": () => new Response(null, { status: 301, headers: { location: "/a" } }),
    "/c": htmlPage("c", [], canonical("/d")),
    "/e": htmlPage("e", [], canonical("https://example.com/e")),
    "/g?x=1": htmlPage("g", [], canonical("/g")),
    "/g": htmlPage("g", [], canonical("/g")),
    "/h": htmlPage("h", [], canonical("/i")),
    "/i": () => new Response(null, { status: 301, headers: { location: "/g" } }),
  });
  const { paths, summary } = await crawled({ seeds: [site.origin], allowHosts: [site.host], sitemaps: false });
  assert.deepEqual(paths.sort(), ["/", "/a", "/c", "/e", "/g"]);
  assert.equal(summary.skippedFor.canonical, 2);
});

Deno.test("crawl() delivers a page whose canonical URL leads to one that waits and cannot be had", async () => {
  await using site = tinySite({
    "/": htmlPage("front", ["/a", "/x"]),
    "/a": htmlPage("a", [], `<link rel="canonical" href="/b">`),
    "/b": () => new Response(null, { status: 301, headers: { location: "/c" } }),
    // When /b leads to it, /c is known from here and not yet fetched.
    "/x": htmlPage("x", ["/c"]),
  });
  const { paths, reasons } = await crawled({ seeds: [site.origin], allowHosts: [site.host], sitemaps: false });
  assert.equal(reasons["/c"], "status");
  assert.deepEqual(paths.sort(), ["/", "/a", "/x"]);
});

Deno.test("crawl() counts links from the nearest seed, whichever site answers first", async () => {
  const near = Promise.withResolvers<void>();
  await using slow = tinySite({
    "/": async () => {
      await near.promise;
      return new Response(htmlPage("slow", ["/x", "/y"]), { headers: { "content-type": "text/html" } });
    },
    "/x": htmlPage("x"),
    "/y": htmlPage("y", ["/z"]),
    "/z": htmlPage("z"),
  });
  await using quick = tinySite({
    "/": htmlPage("quick", ["/1"]),
    "/1": htmlPage("1", ["/2", `${slow.origin}/y`]),
    "/2": htmlPage("2", [`${slow.origin}/x`]),
  });
  const paths: string[] = [];
  const seeds = [slow.origin, quick.origin];
  for await (
    const event of crawl({ seeds, allowHosts: [slow.host, quick.host], sitemaps: false, delay: 0, maxDepth: 2 })
  ) {
    if (event.kind === "page") paths.push(event.url.replace(slow.origin, "slow").replace(quick.origin, "quick"));
    // By now /y waits as the second link of quick's, and /x was too far as the third.
    if (event.kind === "skipped" && event.reason === "depth" && event.url === `${slow.origin}/x`) near.resolve();
    if (event.kind === "finished") assert.deepEqual([event.summary.pages, event.summary.skipped], [7, 0]);
  }
  assert.deepEqual(paths.sort(), ["quick/", "quick/1", "quick/2", "slow/", "slow/x", "slow/y", "slow/z"]);
});

Deno.test("crawl() reads what is linked from a page in another encoding, and rows of JSON Lines", async () => {
  await using site = tinySite({
    "/": () =>
      new Response(
        Uint8Array.from([
          ...new TextEncoder().encode("<title>x</title><p>A long enough caf"),
          0xe9,
          ...new TextEncoder().encode(' <a href="/rows.jsonl">rows</a> <a href="/caf&eacute;">x</a></p>'),
        ]),
        {
          headers: { "content-type": "text/html; charset=iso-8859-1" },
        },
      ),
    "/rows.jsonl": () =>
      new Response('{"id":"1","text":"first row"}\n{"id":"2","text":"second row"}\n', {
        headers: { "content-type": "application/jsonl" },
      }),
  });
  const { pages, reasons } = await crawled({ seeds: [site.origin], allowHosts: [site.host], sitemaps: false });
  assert.match(pages[0].documents[0].text, /long enough café/);
  assert.equal(pages[1].documents.length, 2);
  assert.ok(
    pages[1].documents.every(({ untrusted, metadata }) => untrusted && metadata.url === `${site.origin}/rows.jsonl`),
  );
  assert.equal(reasons["/caf%C3%A9"], "status");
});

Deno.test("crawl() refuses hostile answers and goes on", async () => {
  await using site = tinySite({
    "/": htmlPage("front", ["/zstd", "/headers", "/type", "/empty", "/broken.pdf", "/attributes", "/end"]),
    "/zstd": () => new Response("x", { headers: { "content-encoding": "zstd", "content-type": "text/html" } }),
    "/headers": () => new Response("x", { headers: { "x-long": "a".repeat(70_000), "content-type": "text/html" } }),
    "/type": () => new Response(Uint8Array.of(1), { headers: {} }),
    "/empty": () => new Response("", { headers: { "content-type": "text/html" } }),
    "/broken.pdf": () => new Response("%PDF-1.4 nothing", { headers: { "content-type": "application/pdf" } }),
    "/attributes": `<a ${Array.from({ length: 200_000 }, (_, i) => `a${i}=1`).join(" ")}>text</a>`,
    "/end": htmlPage("end"),
  });
  const { paths, reasons } = await crawled({ seeds: [site.origin], allowHosts: [site.host], sitemaps: false });
  assert.deepEqual(paths, ["/", "/end"]);
  assert.deepEqual(
    ["/zstd", "/headers", "/type", "/empty", "/broken.pdf", "/attributes"].map((path) => reasons[path]),
    ["answer", "answer", "content type", "document", "document", "document"],
  );
});

Deno.test("crawl() refuses seeds that are not public, and forged allowHosts", async () => {
  for (const seed of ["http://127.0.0.1:1/", "http://localhost/", "file:///etc/passwd", "nonsense"]) {
    await assert.rejects(() => crawled({ seeds: [seed] }), /cannot be crawled/);
  }
  await assert.rejects(
    () => crawled({ seeds: ["http://127.0.0.1:8123/"], allowHosts: ["127.0.0.1:8124"] }),
    /cannot be crawled/,
  );
});

Deno.test("crawl() with a folder asks the second time only for what changed", () =>
  inFolder(async (folder) => {
    await using site = serveSampleSite();
    const options = { seeds: [site.url], allowHosts: [site.host], folder, maxPages: 8, sitemaps: false };
    const first = await crawled(options);
    const asked = site.log.length;
    const second = await crawled(options);
    assert.deepEqual(second.paths, first.paths);
    assert.equal(second.summary.fromCache, 8);
    assert.ok(second.pages.every(({ fromCache }) => fromCache));
    // To the last field of their metadata: a table that has them has nothing to do.
    assert.deepEqual(second.pages.map(({ documents }) => documents), first.pages.map(({ documents }) => documents));
    // robots.txt is a day old at most, so it is not asked for at all.
    const again = site.log.slice(asked);
    assert.equal(again.length, 8);
    assert.ok(again.every(({ status, headers }) => status === 304 && headers["if-none-match"] !== undefined));
  }));

Deno.test("crawl() counts what was unchanged, and the bytes that came", () =>
  inFolder(async (folder) => {
    const body = htmlPage("front", ["/other"]);
    await using site = tinySite({
      "/": ({ headers }) =>
        headers.get("if-none-match") === '"1"'
          ? new Response(null, { status: 304 })
          : new Response(body, { headers: { "content-type": "text/html", etag: '"1"' } }),
      "/other": htmlPage("other"),
    });
    const options = { seeds: [site.origin], allowHosts: [site.host], folder, sitemaps: false };
    const other = htmlPage("other").length;
    const counts = async () => {
      const { summary: { requests, unchanged, bytes } } = await crawled(options);
      return { requests, unchanged, bytes };
    };
    assert.deepEqual(await counts(), { requests: 2, unchanged: 0, bytes: body.length + other });
    assert.deepEqual(await counts(), { requests: 2, unchanged: 1, bytes: other });
  }));

Deno.test("crawl() takes nothing from its folder that it would not take from the site", () =>
  inFolder(async (folder) => {
    const etag = '"1"';
    const answer = (type: string, text: string) => ({ headers }: Request) =>
      headers.get("if-none-match") === etag
        ? new Response(null, { status: 304 })
        : new Response(text, { headers: { "content-type": type, etag } });
    const sitemap = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>`;
    await using site = tinySite({
      // The sitemap is kept as such, and linked as a page.
      "/": htmlPage("front", ["/sitemap.xml", "/long"]),
      "/sitemap.xml": answer("application/xml", sitemap),
      "/long": answer("text/html", htmlPage("long ".repeat(200))),
    });
    const options = { seeds: [site.origin], allowHosts: [site.host], folder };
    const first = await crawled(options);
    assert.deepEqual([first.paths, first.reasons["/sitemap.xml"]], [["/", "/long"], "content type"]);
    const second = await crawled({ ...options, maxBytes: 1000 });
    assert.deepEqual([second.paths, second.reasons["/long"]], [["/"], "too large"]);
  }));

Deno.test("crawl() ends with the signal's reason, and goes on where it was", () =>
  inFolder(async (folder) => {
    await using site = serveSampleSite();
    const options = { seeds: [site.url], allowHosts: [site.host], folder, delay: 0, maxDepth: 1 };
    const controller = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      for await (const event of crawl({ ...options, signal: controller.signal })) {
        if (event.kind !== "page") continue;
        seen.push(event.url);
        if (seen.length === 4) controller.abort(new Error("enough for now"));
      }
    };
    await assert.rejects(run, /enough for now/);
    // Left in the middle, without a signal.
    for await (const event of crawl(options)) {
      if (event.kind === "page" && seen.push(event.url) >= 8) break;
    }
    for await (const event of crawl(options)) {
      if (event.kind === "page") seen.push(event.url);
      if (event.kind === "finished") assert.equal(event.summary.pages, new Set(seen).size);
    }
    const asked = site.log.map(({ path }) => path);
    // A page is done when the next one is taken: those where it was left come again, from the folder.
    assert.ok(seen.length - new Set(seen).size <= 2, `${seen.length} events of ${new Set(seen).size} pages`);
    assert.deepEqual(asked.filter((path, i) => asked.indexOf(path) !== i), []);
    const whole = await crawled({ ...options, folder: `${folder}/other` });
    assert.deepEqual([...new Set(seen)].sort(), whole.pages.map(({ url }) => url).sort());
  }));

Deno.test("crawl() that goes on takes no more for a trap than one that was not stopped", () =>
  inFolder(async (folder) => {
    const pages = ["/n/1", "/n/2", "/n/3"];
    await using site = tinySite({
      "/": htmlPage("front", [...pages, ...pages.map((path) => `/print${path}`), "/more"]),
      ...Object.fromEntries(pages.map((path) => [path, htmlPage(path)])),
      ...Object.fromEntries(
        pages.map((path) => [`/print${path}`, htmlPage(path, [], `<link rel="canonical" href="${path}">`)]),
      ),
      "/more": htmlPage("more", ["/n/4", "/n/5", "/n/6"]),
      "/n/4": htmlPage("4"),
      "/n/5": htmlPage("5"),
      "/n/6": htmlPage("6"),
    });
    const options = { seeds: [site.origin], allowHosts: [site.host], sitemaps: false, maxPagesPerPattern: 6 };
    const stopped = { ...options, folder };
    for await (const event of crawl({ ...stopped, delay: 0 })) {
      if (event.kind === "page" && event.url.endsWith("/more")) break;
    }
    const { summary } = await crawled(stopped);
    const whole = await crawled(options);
    assert.deepEqual([summary.pages, summary.skippedFor], [whole.summary.pages, whole.summary.skippedFor]);
    assert.deepEqual(whole.summary.skippedFor, { canonical: 3 });
  }));

Deno.test("crawl() keeps a second crawl, and one of other seeds, out of its folder", () =>
  inFolder(async (folder) => {
    await using site = serveSampleSite();
    const options = { seeds: [site.url], allowHosts: [site.host], folder, delay: 0, sitemaps: false };
    for await (const event of crawl(options)) {
      assert.equal(event.kind, "page");
      await assert.rejects(() => crawled(options), /Another crawl is using/);
      break;
    }
    await assert.rejects(
      () => crawled({ ...options, seeds: [`${site.origin}/visit/`] }),
      /unfinished crawl of .*: use another folder/,
    );
    const anew = await crawled({ ...options, seeds: [`${site.origin}/visit/`], resume: false, maxPages: 1 });
    assert.deepEqual(anew.paths, ["/visit/"]);
  }));
