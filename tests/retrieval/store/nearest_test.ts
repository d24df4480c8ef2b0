import assert from "node:assert/strict";
import type { Chunk } from "../../../lib/retrieval/chunk/mod.ts";
import { chunkOf } from "../../../lib/retrieval/store/passage_rows.ts";
import {
  ingest,
  matchingPassages,
  measureRecall,
  nearestPassages,
  type PassageTable,
  tableStatistics,
  vectorsOf,
} from "../../../lib/retrieval/store/mod.ts";
import { cosine } from "../../../lib/retrieval/embed/mod.ts";
import { asItems, sampleDocument, sampleDocuments, sampleText, withTable } from "./sample_documents.ts";

/** All passages by their cosine with a vector, worked out in TypeScript. */
async function expectedOrder(
  { lance }: PassageTable,
  vector: Float32Array,
): Promise<{ chunk: Chunk; score: number }[]> {
  const rows = await lance.query().toArray();
  return rows.map((row) => ({ chunk: chunkOf(row), score: cosine(row.vector.toArray(), vector) }))
    .sort((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1));
}

Deno.test("nearestPassages() orders by cosine", () =>
  withTable(async (table, embedder) => {
    await ingest(table, asItems(sampleDocuments(25)), { batchPassages: 10 });
    for (const query of ["bazo0", sampleText("a query", 5), sampleText("another", 20)]) {
      const vector = embedder.vector(query);
      const expected = await expectedOrder(table, vector);
      const found = await nearestPassages(table, vector, { limit: 1000 });
      assert.equal(found.length, expected.length);
      for (const [at, { score }] of found.entries()) assert.ok(Math.abs(score - expected[at].score) < 1e-4);
      assert.deepEqual(found[0].chunk, expected[0].chunk);
      assert.deepEqual(await nearestPassages(table, vector, { limit: 7 }), found.slice(0, 7));
      const medicine = found.filter(({ chunk }) => chunk.metadata.topic === "medicine");
      const filter = { op: "eq", column: "topic", value: "medicine" } as const;
      assert.deepEqual(await nearestPassages(table, vector, { limit: 5, filter }), medicine.slice(0, 5));
    }
  }));

Deno.test("nearestPassages() gives passages of one score in the order of their ids, wherever the limit falls", () =>
  withTable(async (table, embedder) => {
    const same = Array.from(
      { length: 40 },
      (_, at) => sampleDocument(`${at}.md`, ["The very same words."], { title: "T" }),
    );
    await ingest(table, asItems(same), { batchPassages: 9 });
    const all = await nearestPassages(table, embedder.vector("words"), { limit: 100 });
    const ids = all.map(({ chunk }) => chunk.id);
    assert.deepEqual(ids, ids.toSorted());
    for (const limit of [1, 5, 39]) {
      assert.deepEqual(await nearestPassages(table, embedder.vector("words"), { limit }), all.slice(0, limit));
    }
  }));

Deno.test("nearestPassages() of an empty table finds nothing", () =>
  withTable(async (table, embedder) => {
    assert.deepEqual(await nearestPassages(table, embedder.vector("x"), { limit: 3 }), []);
  }));

Deno.test("vectorsOf() gives the vectors of passages", () =>
  withTable(async (table, embedder) => {
    await ingest(table, asItems(sampleDocuments(3)));
    const found = await nearestPassages(table, embedder.vector("x"), { limit: 100 });
    const vectors = await vectorsOf(table, found.map(({ chunk }) => chunk.id));
    assert.equal(vectors.size, found.length);
    for (const { chunk, score } of found) {
      assert.ok(Math.abs(cosine(vectors.get(chunk.id)!, embedder.vector("x")) - score) < 1e-4);
    }
    assert.deepEqual(await vectorsOf(table, []), new Map());
  }));

Deno.test("a table that grows above indexAbove gets a vector index, which finds nearly what exact search does", () =>
  withTable(async (table) => {
    const documents = Array.from({ length: 400 }, (_, at) => sampleDocument(`${at}.md`, [sampleText(`${at}`)]));
    const queries = Array.from({ length: 10 }, (_, at) => sampleText(`query ${at}`, 8));
    await ingest(table, asItems(documents.slice(0, 200)));
    const without = await measureRecall(table, { queries, k: 5 });
    assert.deepEqual([without.index, without.recall, without.k, without.queries], [null, 1, 5, 10]);
    await ingest(table, asItems(documents));
    const { recall, index, worst } = await measureRecall(table, { queries });
    assert.match(index!, /ivf.?pq/i);
    assert.ok(recall >= 0.9, `recall@10 is ${recall}`);
    assert.ok(worst.recall <= recall && queries.includes(worst.query));
    // What came after it was trained is found too.
    await ingest(table, asItems([...documents, sampleDocument("new.md", [sampleText("query 3", 8)])]));
    const { indexes } = await tableStatistics(table);
    assert.deepEqual(indexes.map(({ unindexedRows }) => unindexedRows), [0, 0]);
    const [row] = await table.lance.query().where("source = 'new.md'").toArray();
    const [nearest] = await nearestPassages(table, row.vector.toArray(), { limit: 1 });
    assert.deepEqual([nearest.chunk.id, nearest.score.toFixed(4)], [row.id, "1.0000"]);
  }, { indexAbove: 300 }));

Deno.test("measureRecall() wants queries", () =>
  withTable((table) => assert.rejects(measureRecall(table, { queries: [] }), /expected at least one query/)));

Deno.test("nearestPassages() and matchingPassages() refuse limits that are no counts", () =>
  withTable(async (table, embedder) => {
    await ingest(table, asItems(sampleDocuments(20)));
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      const refusal = { name: "RangeError", message: /^limit: expected a whole number above 0, got / };
      await assert.rejects(nearestPassages(table, embedder.vector("title"), { limit }), refusal);
      await assert.rejects(matchingPassages(table, "title", { limit }), refusal);
    }
    assert.equal((await matchingPassages(table, "title", { limit: 1 })).length, 1);
  }));
