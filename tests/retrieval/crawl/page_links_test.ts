import assert from "node:assert/strict";
import fc from "fast-check";
import { startTags } from "../../../lib/retrieval/crawl/html_tags.ts";
import { decodeText, mediaTypeOf } from "../../../lib/retrieval/crawl/media_types.ts";
import { headerHints, pageHints } from "../../../lib/retrieval/crawl/page_links.ts";
import { readSitemap } from "../../../lib/retrieval/crawl/sitemap.ts";

/** Any UTF-16 units, well-formed or not. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

Deno.test("pageHints() finds links, base, canonical and what robots are told", () => {
  const html = `<html><head><base href="/docs/"><link rel="stylesheet canonical" href="own.html">
    <meta name="ROBOTS" content="NoIndex"><meta http-equiv="refresh" content="5; url='next.html'"></head><body>
    <a href="a.html">A</a> <a href=" b.html ">B</a><a href="a.html">again</a><a href="#part">part</a>
    <a rel="external nofollow" href="c.html">C</a><map><area href="d.html?x=1&amp;y=2"></map><a name="x">none</a></body>`;
  assert.deepEqual(pageHints(html, "https://example.org/x/y", {}, "Kiln"), {
    base: "https://example.org/docs/",
    links: ["next.html", "a.html", "b.html", "d.html?x=1&y=2"],
    canonical: "own.html",
    noindex: true,
    nofollow: false,
  });
  const own = (name: string, content: string) =>
    pageHints(`<meta name="${name}" content="${content}">`, "https://a.org/", {}, "Kiln");
  assert.deepEqual([own("kiln", "none").noindex, own("kiln", "none").nofollow], [true, true]);
  assert.equal(own("otherbot", "none").noindex, false);
  assert.equal(own("robots", "index, follow").noindex, false);
});

Deno.test("headerHints() reads X-Robots-Tag for everybody and for us, and a canonical Link", () => {
  const of = (tag: string) => {
    const { noindex, nofollow } = headerHints("https://a.org/", { "x-robots-tag": tag }, "Kiln");
    return [noindex, nofollow];
  };
  assert.deepEqual(of("noindex"), [true, false]);
  assert.deepEqual(of("otherbot: noindex, nofollow"), [false, false]);
  assert.deepEqual(of("otherbot: noindex, kiln: nofollow"), [false, true]);
  assert.deepEqual(of("unavailable_after: 25 Jun 2030 15:00:00 PST, none"), [true, true]);
  const link = '<https://a.org/x>; rel="next", <https://a.org/own>; rel="canonical"';
  assert.equal(headerHints("https://a.org/", { link }, "Kiln").canonical, "https://a.org/own");
});

Deno.test("pageHints() survives any page, and pages made to be slow", () => {
  fc.assert(fc.property(anyText, (html) => {
    assert.ok(Array.isArray(pageHints(html, "https://a.org/", {}, "Kiln").links));
  }));
  const piece = fc.constantFrom(
    "<a href=",
    "'",
    '"',
    ">",
    "<base href='",
    "<meta name=robots content=",
    "</a>",
    "<!--",
    "<![CDATA[",
    "x",
    "//[",
    "&#0;",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    pageHints(pieces.join(""), "https://a.org/", {}, "Kiln");
  }));
  for (
    const hostile of [
      "<div>",
      "</b>",
      "<a ",
      "<a href='",
      '<a x=" y=',
      "<!--",
      "<script>",
      "<title ",
      "<a/",
      "< a",
      "&",
    ]
  ) {
    pageHints(hostile.repeat(30_000), "https://a.org/", {}, "Kiln");
  }
  pageHints(`<a ${Array.from({ length: 30_000 }, (_, i) => `a${i}=1`).join(" ")}>`, "https://a.org/", {}, "Kiln");
  const deep = "<div>".repeat(50_000) + '<a href="/end">end</a>';
  assert.deepEqual(pageHints(deep, "https://a.org/", {}, "Kiln").links, ["/end"]);
});

Deno.test("startTags() sees what a browser sees", () => {
  const names = (html: string) =>
    [...startTags(html)].map(({ name, attributes }) => [name, Object.fromEntries(attributes)]);
  assert.deepEqual(names("<A HREF=x Href=y disabled>text</a><br/><a/href='z'>"), [
    ["a", { href: "x", disabled: "" }],
    ["br", {}],
    ["a", { href: "z" }],
  ]);
  assert.deepEqual(names("<!-- <a href=no> --><!--><b><script>'<a href=no>'</script><title><i></title><u>"), [
    ["b", {}],
    ["script", {}],
    ["title", {}],
    ["u", {}],
  ]);
  assert.deepEqual(names(`<p title="<a href='no'>" data-x = 5 y=>z`), [["p", {
    title: "<a href='no'>",
    "data-x": "5",
    y: "",
  }]]);
  assert.deepEqual(names("<a href='x"), []);
  assert.deepEqual(names("a < b <3 <a href=1&amp;2&copy=3>"), [["a", { href: "1&2&copy=3" }]]);
});

Deno.test("readSitemap() reads lists, lists of lists, texts, compressed ones, and cut ones", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const set =
    `<?xml version="1.0"?><urlset xmlns="x"><url><loc> https://a.org/1?a=1&amp;b=2 </loc></url><url><loc>https://a.org/2</loc><image:image><image:loc>no</image:loc></image:image></url></urlset>`;
  const expected = { pages: ["https://a.org/1?a=1&b=2", "https://a.org/2"], sitemaps: [] };
  assert.deepEqual(await readSitemap(bytes(set)), expected);
  const gz = await new Response(new Blob([set]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
  assert.deepEqual(await readSitemap(gz), expected);
  const index = "<sitemapindex><sitemap><loc>https://a.org/s.xml</loc></sitemap></sitemapindex>";
  assert.deepEqual(await readSitemap(bytes(index)), { pages: [], sitemaps: ["https://a.org/s.xml"] });
  assert.deepEqual((await readSitemap(bytes("https://a.org/1\r\n\nnot\nhttps://a.org/2"))).pages, [
    "https://a.org/1",
    "https://a.org/2",
  ]);
  // Cut by its size, or in the middle of a compressed stream.
  assert.deepEqual((await readSitemap(bytes(set), 90)).pages.length <= 1, true);
  assert.ok((await readSitemap(gz.slice(0, gz.length - 20))).pages.length <= 2);
  const bomb = await new Response(
    new Blob([new Uint8Array(8 << 20)]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  assert.deepEqual(await readSitemap(bomb, 1 << 20), { pages: [], sitemaps: [] });
});

Deno.test("readSitemap() survives any bytes", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (noise, isGzip) => {
    const bytes = isGzip ? Uint8Array.from([0x1f, 0x8b, 8, ...noise]) : Uint8Array.from(noise);
    const { pages } = await readSitemap(bytes);
    assert.ok(Array.isArray(pages));
  }));
});

Deno.test("decodeText() follows the byte order mark, the header, then the page", () => {
  const latin = Uint8Array.from([0xe9]);
  assert.equal(decodeText(latin, "text/html; charset=ISO-8859-1"), "é");
  assert.equal(decodeText(latin, 'text/html; charset="windows-1252"; x=y'), "é");
  assert.equal(decodeText(latin, "text/html"), "\uFFFD");
  assert.equal(decodeText(latin, "text/html; charset=nonsense"), "\uFFFD");
  const named = Uint8Array.from([...new TextEncoder().encode('<meta charset="latin1">'), 0xe9]);
  assert.ok(decodeText(named, "text/html").endsWith("é"));
  assert.equal(decodeText(Uint8Array.from([0xff, 0xfe, 0x41, 0]), "text/html; charset=utf-8"), "A");
  assert.equal(mediaTypeOf("Text/HTML ; charset=x"), "text/html");
});
