import assert from "node:assert/strict";
import { join } from "node:path";
import { runNotebook } from "../../../lib/notebook/mod.ts";
import { outputsOf, streamText, tempFolder, writeTestNotebook } from "../../notebook/temp_notebook.ts";

const CRAWL_LIB = new URL("../../../lib/retrieval/crawl/mod.ts", import.meta.url).href;

Deno.test("crawl() runs in a cell of a notebook, of which it starts its fetching process", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    `import { crawl, serveSampleSite } from "${CRAWL_LIB}";
     const site = serveSampleSite();`,
    `for await (const event of crawl({ seeds: [site.url], allowHosts: [site.host], delay: 0, maxPages: 2, sitemaps: false })) {
       if (event.kind === "page") console.log(event.documents[0].title);
     }
     await site.close();`,
  ]);
  const output = join(folder.path, "out", "01_test.ipynb");
  await runNotebook({ path, output });
  const [, crawled] = await outputsOf(output);
  assert.equal(streamText(crawled), "Quillhaven: museum, observatory and library\nOpening hours and prices\n");
});
