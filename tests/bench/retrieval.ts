/**
 * The store and the search at several sizes: how fast passages come in, how long each way of searching takes, what the vector
 * index misses. Vectors come from hashed words, so that the store is measured and not a model; the house encoder has a row too.
 */
import { createEngine } from "../../lib/engine/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { loadDocuments, type SourceDocument } from "../../lib/retrieval/documents/mod.ts";
import { type Embedder, houseEmbedder } from "../../lib/retrieval/embed/mod.ts";
import { search, type SearchMode } from "../../lib/retrieval/search/mod.ts";
import {
  ingest,
  type IngestItem,
  measureRecall,
  openTable,
  optimizeTable,
  type PassageTable,
  tableStatistics,
} from "../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../support/hashing_embedder.ts";
import { quantile } from "./measure.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";

/** The articles that ship. */
const LIBRARY = new URL("../../data/library", import.meta.url).pathname;
const DIMENSIONS = 128;
/** Words of a passage and of a query. */
const WORDS = 120;
const QUERY_WORDS = 8;
/** Passages of a document. */
const PASSAGES = 4;
const MODES: readonly SearchMode[] = ["dense", "fullText", "hybrid"];

export const retrievalSection: Section = {
  name: "retrieval",
  title: "Retrieval on LanceDB: ingestion, search and the vector index, in a folder",
  cases: [
    { name: "retrieval-house", run: measureHouseIngestion },
    { name: "retrieval-1k", run: (settings) => measureStore(1_000, settings) },
    { name: "retrieval-10k", run: (settings) => measureStore(10_000, settings) },
  ],
  heavy: true,
};

export const retrievalLargeSection: Section = {
  name: "retrieval-large",
  title: "Retrieval on LanceDB at 100,000 passages, in a folder",
  cases: [{ name: "retrieval-100k", run: (settings) => measureStore(100_000, settings) }],
  heavy: true,
};

/** Words with frequencies as in a language: the word of place n is about n times rarer than the first. */
function textOf(random: Random, words: number): string {
  return Array.from({ length: words }, () => `w${Math.floor(20_000 ** random.float())}`).join(" ");
}

/** Documents of passages that no chunker would join. */
function* documents(passages: number): Generator<IngestItem> {
  for (let at = 0; at * PASSAGES < passages; at++) {
    const random = new Random("passages").fork(at);
    const document: SourceDocument = {
      source: `documents/${at}.txt`,
      title: `Document ${at}`,
      mediaType: "text/plain",
      text: "",
      blocks: [],
      metadata: { topic: at % 2 === 0 ? "medicine" : "mathematics" },
      untrusted: false,
    };
    for (let own = 0; own < Math.min(PASSAGES, passages - at * PASSAGES); own++) {
      const start = document.text.length;
      const text = textOf(random, WORDS);
      document.text += `${text}\n\n`;
      document.blocks.push({ kind: "paragraph", start, end: start + text.length, headings: [] });
    }
    yield { document };
  }
}

/** Runs a measurement on a table in a folder that is removed afterwards. */
async function withTable<Result>(
  embedder: Embedder,
  indexAbove: number,
  run: (table: PassageTable) => Promise<Result>,
): Promise<Result> {
  const uri = await Deno.makeTempDir();
  const chunking = { chunkTokens: embedder.description.maxTokens, overlapTokens: 0 };
  const table = await openTable({ uri, name: "bench", embedder, indexAbove, chunking });
  try {
    return await run(table);
  } finally {
    table.close();
    await Deno.remove(uri, { recursive: true });
  }
}

function measureStore(passages: number, { quick }: BenchSettings): Promise<Row[]> {
  const size = quick ? 300 : passages;
  const embedder = new HashingEmbedder({ dimensions: DIMENSIONS, maxTokens: WORDS + 30 });
  const random = new Random("queries");
  const queries = Array.from({ length: quick ? 3 : 100 }, () => textOf(random, QUERY_WORDS));
  const shape = `${size.toLocaleString("en")} passages, ${DIMENSIONS} dimensions`;
  return withTable(embedder, Infinity, async (table) => {
    const report = await ingest(table, documents(size), { batchPassages: 1024 });
    const rows = [ingestionRow("ingestion, hashed words", shape, report)];
    for (const mode of MODES) rows.push(...await latencyRows(table, mode, queries, shape));

    // The same table with the index that it would get above 100,000 passages.
    const indexed = await openTable({ uri: table.uri, name: table.name, embedder, indexAbove: 256 });
    const started = performance.now();
    await optimizeTable(indexed);
    const seconds = (performance.now() - started) / 1000;
    const { recall, worst, index } = await measureRecall(indexed, { queries, k: 10 });
    const { indexes } = await tableStatistics(indexed);
    const bytes = indexes.find(({ column }) => column === "vector")?.bytes ?? 0;
    const megabytes = `${(bytes / 1e6).toFixed(1)} MB, made in ${seconds.toFixed(1)} s`;
    const note = `recall@10 ${recall.toFixed(3)}, at worst ${worst.recall.toFixed(1)}; ${megabytes}`;
    rows.push(...await latencyRows(indexed, "dense", queries, shape, `dense by ${index}`, note));
    indexed.close();
    return rows;
  });
}

async function measureHouseIngestion({ quick }: BenchSettings): Promise<Row[]> {
  const engine = await createEngine();
  const embedder = await houseEmbedder({ engine });
  try {
    const options = { include: quick ? ["angina.md", "asthma.md"] : ["*.md"] };
    const uri = await Deno.makeTempDir();
    const table = await openTable({ uri, name: "library", embedder });
    const report = await ingest(table, loadDocuments(LIBRARY, options));
    table.close();
    await Deno.remove(uri, { recursive: true });
    const shape = `${report.added} articles, ${embedder.description.dimensions} dimensions`;
    return [ingestionRow("ingestion, house encoder", shape, report)];
  } finally {
    await embedder.dispose();
    await engine.dispose();
  }
}

function ingestionRow(what: string, shape: string, { passages, seconds }: { passages: number; seconds: number }): Row {
  const note = `${passages} passages written: ${
    (passages / seconds).toFixed(0)
  } passages/s, cutting and indexing included`;
  return row({ what, shape, value: seconds, unit: "s", note });
}

/** The median and the 95th percentile of a search. */
async function latencyRows(
  table: PassageTable,
  mode: SearchMode,
  queries: readonly string[],
  shape: string,
  what: string = mode,
  note = "",
): Promise<Row[]> {
  await search(table, queries[0], { mode });
  const seconds: number[] = [];
  for (const query of queries) {
    const started = performance.now();
    await search(table, query, { mode });
    seconds.push((performance.now() - started) / 1000);
  }
  return [0.5, 0.95].map((share) =>
    row({
      what: `${what}, p${share * 100}`,
      shape,
      value: quantile(seconds, share),
      unit: "s",
      note: share === 0.5 ? note : "",
    })
  );
}
