/** Ingests 12,000 passages of ever new words into a folder: enough for LanceDB to write its full-text index in several parts. */
import { Random } from "../../../lib/random/mod.ts";
import { ingest, type IngestItem, openTable, optimizeTable } from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";

const PASSAGES = 12_000;

function* documents(): Generator<IngestItem> {
  const random = new Random("many words");
  for (let at = 0; at < PASSAGES; at++) {
    const text = Array.from({ length: 60 }, () => `w${random.integer(0, 2_000_000)}`).join(" ");
    yield {
      document: {
        source: `${at}.txt`,
        title: `Document ${at}`,
        mediaType: "text/plain",
        text,
        blocks: [{ kind: "paragraph", start: 0, end: text.length, headings: [] }],
        metadata: {},
        untrusted: false,
      },
    };
  }
}

const embedder = new HashingEmbedder({ dimensions: 8, maxTokens: 100 });
const table = await openTable({
  uri: Deno.args[0],
  name: "words",
  embedder,
  chunking: { chunkTokens: 100, overlapTokens: 0 },
});
const { passages } = await ingest(table, documents(), { batchPassages: 512 });
await optimizeTable(table);
console.log(passages);
table.close();
