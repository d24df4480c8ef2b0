/** A crawl that can be killed and started again, as a process of its own: `killed_crawl.ts ORIGIN HOST FOLDER`. */
import { crawl } from "../../../lib/retrieval/crawl/mod.ts";

const [origin, host, folder] = Deno.args;
for await (
  const event of crawl({ seeds: [origin], allowHosts: [host], folder, delay: 0, maxDepth: 5, maxPagesPerPattern: 5 })
) {
  if (event.kind === "page") Deno.writeTextFileSync(`${folder}/pages.txt`, `${event.url}\n`, { append: true });
}
