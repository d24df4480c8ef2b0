import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRobots, ROBOTS_BYTES, robotsWithoutFile } from "../../../lib/retrieval/crawl/robots.ts";

/** Any UTF-16 units, well-formed or not. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

const ORIGIN = "https://example.org";

function allows(robots: string, path: string): boolean {
  return parseRobots(robots, ORIGIN, "Kiln").isAllowed(ORIGIN + path);
}

Deno.test("parseRobots() takes the group of its own name, in any case and with any version, before the one of *", () => {
  const robots = "User-agent: *\nDisallow: /\n\nUser-Agent: KILN/2.0\nDisallow: /a";
  assert.equal(allows(robots, "/a"), false);
  assert.equal(allows(robots, "/b"), true);
  assert.equal(allows("User-agent: kilnwood\nDisallow: /", "/"), true);
  assert.equal(allows("User-agent: other\nDisallow: /", "/"), true);
});

Deno.test("parseRobots() joins the groups of one name, and shares a group between names", () => {
  const robots =
    "user-agent: kiln\ndisallow: /a\nuser-agent: other\ndisallow: /x\n\nuser-agent: third\nuser-agent: kiln\ndisallow: /b";
  assert.deepEqual(["/a", "/b", "/x"].map((path) => allows(robots, path)), [false, false, true]);
});

Deno.test("parseRobots() lets the longest rule win, and allow in a tie", () => {
  const robots =
    "user-agent: *\ndisallow: /page\nallow: /page/open\ndisallow: /page/open/not\nallow: /tie\ndisallow: /tie";
  assert.deepEqual(
    ["/page", "/page/open", "/page/open/not/this", "/tie", "/other"].map((path) => allows(robots, path)),
    [false, true, false, true, true],
  );
  // The example of RFC 9309, 5.2.
  const example = "User-Agent: Kiln\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
  assert.equal(allows(example, "/example/page/disallowed.gif"), false);
  assert.equal(allows(example, "/example/page/"), true);
});

Deno.test("parseRobots() understands * and $", () => {
  const robots = "user-agent: *\ndisallow: /*.gif$\ndisallow: /a*b*c\nallow: /publications/\ndisallow: *.pdf";
  const cases: [string, boolean][] = [
    ["/x.gif", false],
    ["/x.gif?large", true],
    ["/axxbxxc", false],
    ["/axxcxxb", true],
    ["/deep/file.pdf", false],
    ["/publications/file.pdf", true],
  ];
  for (const [path, expected] of cases) assert.deepEqual([path, allows(robots, path)], [path, expected]);
});

Deno.test("parseRobots() compares paths in one percent-encoding", () => {
  // The table of RFC 9309, 2.2.2.
  const cases: [rule: string, path: string][] = [
    ["/foo/bar?baz=quz", "/foo/bar?baz=quz"],
    ["/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"],
    ["/foo/bar/ツ", "/foo/bar/%E3%83%84"],
    ["/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"],
    ["/foo/bar/%62%61%7A", "/foo/bar/baz"],
    ["/foo/bar/baz", "/foo/bar/%62%61%7A"],
    ["/a|b", "/a|b"],
  ];
  for (const [rule, path] of cases) {
    assert.equal(allows(`user-agent: *\ndisallow: ${rule}`, path), false, `${rule} against ${path}`);
  }
});

Deno.test("parseRobots() lets other records neither end nor begin a group", () => {
  const robots =
    "User-agent: Kiln\nSitemap: https://example.org/s.xml\nCrawl-delay: 2\nUser-agent: other\nClean-param: x\nDisallow: /a";
  assert.equal(allows(robots, "/a"), false);
  assert.equal(allows("User-agent: *\nDisallow: /\n\nSitemap: /x\n\nUser-agent: Kiln\nDisallow:", "/"), true);
});

Deno.test("parseRobots() reads comments, odd line ends, blanks and a byte order mark", () => {
  const robots =
    "\uFEFFUser-agent : * # all\r\rDISALLOW:/a # not this\r\n\tDisallow  :  /b\nDisallow\nnonsense\n: /c\n";
  assert.deepEqual(["/a", "/b", "/c"].map((path) => allows(robots, path)), [false, false, true]);
});

Deno.test("parseRobots() always allows robots.txt itself, and everything where there are no rules", () => {
  assert.equal(allows("user-agent: *\ndisallow: /", "/robots.txt"), true);
  assert.equal(allows("user-agent: *\ndisallow: /", "/"), false);
  assert.equal(allows("", "/"), true);
  assert.equal(allows("<html>404</html>", "/"), true);
  assert.equal(allows("disallow: /", "/"), true);
});

Deno.test("parseRobots() tells crawl-delay and sitemaps", () => {
  const robots = "user-agent: *\ncrawl-delay: 2.5\nSitemap: https://example.org/a.xml\nSITEMAP: /b.xml";
  const { crawlDelay, sitemaps } = parseRobots(robots, ORIGIN, "Kiln");
  assert.equal(crawlDelay, 2.5);
  assert.deepEqual(sitemaps, ["https://example.org/a.xml", "/b.xml"]);
  for (const delay of ["-1", "soon", "1e400x"]) {
    assert.equal(parseRobots(`user-agent: *\ncrawl-delay: ${delay}`, ORIGIN, "Kiln").crawlDelay, undefined);
  }
});

Deno.test("parseRobots() is not stopped by a file full of wildcards", () => {
  const hostile = `user-agent: *\n${`disallow: /${"*a".repeat(100)}b\n`.repeat(2400)}`;
  assert.ok(hostile.length > 400_000 && hostile.length <= ROBOTS_BYTES);
  const rules = parseRobots(hostile, ORIGIN, "Kiln");
  // Beyond the rules that are matched as they are, the strict reading holds.
  assert.equal(rules.isAllowed(`${ORIGIN}/${"a".repeat(500)}`), false);
});

Deno.test("parseRobots() survives any text, and a rule disallows the path that it spells", () => {
  const line = fc.oneof(
    anyText,
    fc.tuple(
      fc.constantFrom("user-agent", "allow", "disallow", "crawl-delay", "sitemap"),
      anyText,
    )
      .map(([key, value]) => `${key}: ${value}`),
  );
  fc.assert(fc.property(fc.array(line), anyText, (lines, path) => {
    const { href } = new URL(`${ORIGIN}/${path}`);
    assert.equal(typeof parseRobots(lines.join("\n"), ORIGIN, "Kiln").isAllowed(href), "boolean");
  }));
  const path = fc.string({ unit: fc.constantFrom(..."abcé%2fF/.-~ツ ?&=") }).map((text) => new URL(`/x${text}`, ORIGIN))
    .map((url) => url.pathname + url.search);
  fc.assert(fc.property(path, (path) => {
    assert.equal(allows(`user-agent: *\ndisallow: ${path}`, path), false);
  }));
});

Deno.test("robotsWithoutFile() allows all after a client error and nothing after a server error", () => {
  const page = `${ORIGIN}/a`;
  for (const status of [400, 401, 403, 404, 410, 451]) assert.equal(robotsWithoutFile(status).isAllowed(page), true);
  for (const status of [429, 500, 502, 503, 599, "unreachable"] as const) {
    assert.equal(robotsWithoutFile(status).isAllowed(page), false);
    assert.equal(robotsWithoutFile(status).isAllowed(`${ORIGIN}/robots.txt`), true);
  }
});
