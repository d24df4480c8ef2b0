import assert from "node:assert/strict";
import { serveSampleSite } from "../../../lib/retrieval/crawl/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { crawled } from "./crawled.ts";

const SCRIPT = new URL("./killed_crawl.ts", import.meta.url).pathname;

Deno.test("crawl() that is killed with SIGKILL and started again loses no page and asks for none twice", () =>
  inFolder(async (folder) => {
    await using site = serveSampleSite({ slowness: 0, retryAfter: 0 });
    const delivered = async () =>
      (await Deno.readTextFile(`${folder}/pages.txt`).catch(() => "")).split("\n").slice(0, -1);
    let kills = 0;
    // Each life may deliver some pages more than the last one.
    for (let pages = 6;; pages += 14) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", SCRIPT, site.origin, site.host, folder],
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const ended = child.output();
      let hasEnded = false;
      void ended.then(() => hasEnded = true);
      while (!hasEnded && (await delivered()).length < pages) await new Promise((resolve) => setTimeout(resolve, 5));
      if (!hasEnded) child.kill("SIGKILL");
      const { signal, code, stderr } = await ended;
      if (signal !== "SIGKILL") {
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        break;
      }
      kills++;
    }
    assert.ok(kills >= 2, `${kills} kills`);

    const whole = await crawled({
      seeds: [site.origin],
      allowHosts: [site.host],
      maxDepth: 5,
      maxPagesPerPattern: 5,
      signal: AbortSignal.timeout(120_000),
    });
    const urls = await delivered();
    assert.deepEqual([...new Set(urls)].sort(), whole.pages.map(({ url }) => url).sort());
    // A page that was delivered in the moment of a kill may come again; no other.
    assert.ok(urls.length - new Set(urls).size <= kills, `${urls.length} deliveries of ${new Set(urls).size} pages`);
    // A request that was under way in the moment of a kill is made again, and so is a redirect or a failure that was not
    // written down; no other. The last crawl, which compares, asked once more for all.
    const asked = new Map<string, number>();
    for (const { path } of site.log) asked.set(path, (asked.get(path) ?? 0) + 1);
    const again = [...asked].filter(([path, count]) => count > 2 && path !== "/busy.html");
    assert.ok(again.length <= kills, `asked again: ${again.join(" ")}`);
  }));
