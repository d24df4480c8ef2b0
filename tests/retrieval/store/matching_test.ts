import assert from "node:assert/strict";
import fc from "fast-check";
import { type Chunk } from "../../../lib/retrieval/chunk/mod.ts";
import { chunkOf } from "../../../lib/retrieval/store/passage_rows.ts";
import {
  deleteDocuments,
  ingest,
  matchingPassages,
  optimizeTable,
  type PassageTable,
} from "../../../lib/retrieval/store/mod.ts";
import { bm25 } from "../../../lib/train/bm25.ts";
import { asItems, sampleDocument, sampleDocuments, sampleText, withTable } from "./sample_documents.ts";
import { anyText } from "../../support/any_text.ts";

/** As words stand in the text: what stems and stop words do is LanceDB's, and BM25 is the same. */
const PLAIN = { stem: false, removeStopWords: false };

async function chunksOf({ lance }: PassageTable): Promise<Chunk[]> {
  return (await lance.query().toArray()).map((row) => chunkOf(row));
}

/** The passages of a table by BM25, worked out in TypeScript. */
async function expectedOrder(table: PassageTable, query: string): Promise<{ id: string; score: number }[]> {
  const chunks = await chunksOf(table);
  const scores = bm25(chunks.map(({ title, headings, text }) => [...new Set([title, ...headings]), text].join("\n")))(
    query,
  );
  return chunks.map(({ id }, at) => ({ id, score: scores[at] })).filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

async function assertBm25(table: PassageTable, queries: readonly string[]): Promise<void> {
  for (const query of queries) {
    const expected = await expectedOrder(table, query);
    const found = await matchingPassages(table, query, { limit: 1000 });
    assert.equal(found.length, expected.length, query);
    const scores = new Map(expected.map(({ id, score }) => [id, score]));
    for (const { chunk, score } of found) {
      assert.ok(Math.abs(score - scores.get(chunk.id)!) < 2e-4, `${query}: ${score}`);
    }
    // Where neighbours differ by more than float32 rounds, the order is the oracle's.
    for (const [at, { score }] of expected.entries()) {
      const isTied = [expected[at - 1], expected[at + 1]].some((other) =>
        other && Math.abs(other.score - score) < 2e-4
      );
      if (!isTied) assert.equal(found[at].chunk.id, expected[at].id, `${query}: place ${at + 1}`);
    }
  }
}

const QUERIES = ["bazo0 tovo18", sampleText("query 1", 3), sampleText("query 2", 6), "md", "title of nothing"];

Deno.test("matchingPassages() orders by BM25, after several ingestions, changes and deletions", () =>
  withTable(async (table) => {
    await ingest(table, asItems(sampleDocuments(12)), { batchPassages: 3 });
    await assertBm25(table, QUERIES);
    await ingest(table, asItems(sampleDocuments(30)), { batchPassages: 7 });
    await assertBm25(table, QUERIES);
    await ingest(table, asItems(sampleDocuments(30, 2)));
    await deleteDocuments(table, ["documents/004.md", "documents/011.md"]);
    // Deleted passages count in the index's statistics until they are taken out of it.
    await table.lance.dropIndex("searchText_idx");
    await assertBm25(table, QUERIES);
  }, { fullText: PLAIN }));

Deno.test("matchingPassages() finds passages that came after the index", () =>
  withTable(async (table) => {
    await ingest(table, asItems([sampleDocument("a.md", ["Penicillin is an antibiotic."])]));
    const row = (await table.lance.query().toArray())[0];
    const rows = ["An antibiotic called amoxicillin.", "Amoxicillin again.", "No such word."].map((text, at) => ({
      ...row.toJSON(),
      headings: [...row.headings],
      vector: row.vector.toArray(),
      id: `later ${at}`,
      source: `later/${at}.md`,
      text,
      searchText: text,
    }));
    await table.lance.add(rows);
    const found = await matchingPassages(table, "amoxicillin antibiotic", { limit: 10 });
    assert.deepEqual(found.map(({ chunk }) => chunk.source), ["later/0.md", "later/1.md", "a.md"]);
  }));

Deno.test("matchingPassages() takes stems and leaves stop words out when it is told to", async () => {
  const documents = asItems([sampleDocument("a.md", ["Infections of the lung."], { title: "A" })]);
  const found = (table: PassageTable, query: string) => matchingPassages(table, query, { limit: 5 });
  await withTable(async (table) => {
    await ingest(table, documents);
    assert.equal((await found(table, "infection")).length, 1);
    assert.equal((await found(table, "the")).length, 0);
  });
  await withTable(async (table) => {
    await ingest(table, documents);
    assert.equal((await found(table, "infection")).length, 0);
    assert.equal((await found(table, "INFECTIONS")).length, 1);
    assert.equal((await found(table, "the")).length, 1);
  }, { fullText: PLAIN });
});

Deno.test("matchingPassages() takes any text for a query", () =>
  withTable(async (table) => {
    await ingest(table, asItems([sampleDocument("a.md", ["The word needle, in hay."], { title: "needle" })]));
    const syntax = [
      '"',
      '"needle',
      "needle:",
      "title:needle",
      "(needle",
      "needle)",
      "+needle -hay",
      "needle AND",
      "OR needle",
      "NOT",
      "needle~2",
      "need*",
      "[a TO b]",
      "needle^4",
      "\\",
      "\\needle",
      "/needle/",
      "needle && hay || !",
      "{needle}",
      "\0needle",
      "\ud800",
    ];
    for (const query of syntax) await matchingPassages(table, query, { limit: 5 });
    for (const query of ['"needle', "title:needle", "(needle", "+needle -hay", "needle AND", "\\needle", "/needle/"]) {
      assert.equal((await matchingPassages(table, query, { limit: 5 })).length, 1, query);
    }
    const word = fc.constantFrom("needle", "hay", "AND", "OR", "NOT", ...syntax);
    const query = fc.oneof(anyText(), fc.string(), fc.array(word).map((words) => words.join(" ")));
    await fc.assert(
      fc.asyncProperty(query, async (query) => {
        const found = await matchingPassages(table, query, { limit: 5 });
        if (/\bneedle\b/.test(query)) assert.equal(found.length, 1);
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(await matchingPassages(table, "", { limit: 5 }), []);
    assert.deepEqual(
      await matchingPassages(table, "hay ".repeat(20_000), { limit: 5 }).then((found) => found.length),
      1,
    );
  }));

Deno.test("matchingPassages() gives passages of one score in the order of their ids, wherever the limit falls", () =>
  withTable(async (table) => {
    const same = Array.from(
      { length: 60 },
      (_, at) => sampleDocument(`${at}.md`, ["The very same words."], { title: "T" }),
    );
    await ingest(table, asItems([...same, sampleDocument("best.md", ["Same same same same."], { title: "T" })]));
    const all = await matchingPassages(table, "same", { limit: 100 });
    assert.equal(all.length, 61);
    assert.equal(all[0].chunk.source, "best.md");
    const ids = all.slice(1).map(({ chunk }) => chunk.id);
    assert.deepEqual(ids, ids.toSorted());
    for (const limit of [1, 2, 10, 59, 61]) {
      assert.deepEqual(await matchingPassages(table, "same", { limit }), all.slice(0, limit));
    }
  }));

Deno.test("optimizeTable() takes deleted passages out of the statistics of BM25", () =>
  withTable(async (table) => {
    await ingest(table, asItems(sampleDocuments(20)));
    await deleteDocuments(table, Array.from({ length: 8 }, (_, at) => `documents/${String(at).padStart(3, "0")}.md`));
    await optimizeTable(table);
    const found = await matchingPassages(table, QUERIES[1], { limit: 100 });
    const expected = await expectedOrder(table, QUERIES[1]);
    assert.deepEqual(new Set(found.map(({ chunk }) => chunk.id)), new Set(expected.map(({ id }) => id)));
  }, { fullText: PLAIN }));
