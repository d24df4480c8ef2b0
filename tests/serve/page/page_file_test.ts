import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { pageFile, pagePaths } from "../../../lib/serve/page/mod.ts";

const text = (path: string) => new TextDecoder().decode(pageFile(path)?.body);

Deno.test("pageFile() gives the page at / and each module with its type and an ETag of its own", () => {
  equal(pageFile("/")?.contentType, "text/html; charset=utf-8");
  equal(pageFile("/style.css")?.contentType, "text/css; charset=utf-8");
  equal(pageFile("/main.js")?.contentType, "text/javascript; charset=utf-8");
  equal(pageFile("/icon.svg")?.contentType, "image/svg+xml");
  equal(pagePaths()[0], "/");
  const etags = pagePaths().map((path) => pageFile(path)?.etag ?? "");
  for (const etag of etags) match(etag, /^"[\w-]{22}"$/);
  equal(new Set(etags).size, etags.length);
});

Deno.test("pageFile() gives nothing that is no file of the page", () => {
  for (
    const path of [
      "",
      "/page.ts",
      "/contract.ts",
      "/mod.ts",
      "/../page/main.js",
      "/%2e%2e/mod.ts",
      "/chat",
      "/main.js/",
      "//main.js",
    ]
  ) {
    equal(pageFile(path), null, path);
  }
});

Deno.test("the page's modules import each other alone, and all of them are used", () => {
  const modules = pagePaths().filter((path) => path.endsWith(".js"));
  const imported = new Set(["/main.js"]);
  for (const path of modules) {
    for (const [, from] of text(path).matchAll(/^(?:import|export)[^"]*from "([^"]+)"/gm)) {
      match(from, /^\.\/[a-z_]+\.js$/, `${path} imports ${from}`);
      imported.add(from.slice(1));
    }
  }
  deepEqual([...imported].sort(), modules.sort());
});

Deno.test("the page needs nothing from elsewhere, has no inline script or style, and parses no markup", () => {
  const html = text("/");
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
    match(address, /^(?:#question|[a-z_]+\.(?:js|css|svg))$/);
  }
  ok(!/<style|\sstyle=|\son[a-z]+=|<script>/i.test(html));
  notEqual(html.indexOf("Not a doctor."), -1);
  ok(!/url\(|@import/.test(text("/style.css")));
  for (const path of pagePaths().filter((each) => each.endsWith(".js"))) {
    ok(
      !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function/.test(text(path)),
      path,
    );
    match(text(path), /^\/\/ @ts-check\n/, path);
  }
});

Deno.test("the page is small: 100 KB as it is written, 36 KB on its way", () => {
  const files = pagePaths().map((path) => pageFile(path)!);
  const bytes = files.reduce((sum, { body }) => sum + body.length, 0);
  const packed = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
  for (const { body, gzip } of files) deepEqual(new Uint8Array(gunzipSync(gzip)), body);
  ok(bytes < 100_000, `${bytes} bytes`);
  ok(packed < 36_000, `${packed} bytes packed`);
});
