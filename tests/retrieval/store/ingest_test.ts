import assert from "node:assert/strict";
import type { SourceDocument } from "../../../lib/retrieval/documents/mod.ts";
import {
  deleteDocuments,
  ingest,
  type IngestItem,
  type IngestProgress,
  listDocuments,
  matchingPassages,
  verify,
} from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { asItems, contentsOf, sampleDocument, sampleDocuments, sampleText, withTable } from "./sample_documents.ts";

Deno.test("ingest() adds, skips, updates and deletes, embedding only what changed", () =>
  withTable(async (table, embedder) => {
    const first = sampleDocuments(9);
    const added = await ingest(table, asItems(first), { batchPassages: 4 });
    const { failures, seconds: _, passages, ...counts } = added;
    assert.deepEqual(counts, { added: 9, updated: 0, skipped: 0, deleted: 0, failed: 0 });
    assert.deepEqual(failures, []);
    assert.equal(passages, await table.countPassages());
    assert.equal(embedder.embedded, passages);

    const again = await ingest(table, asItems(first));
    assert.deepEqual([again.skipped, again.added, again.updated, again.passages], [9, 0, 0, 0]);
    assert.equal(embedder.embedded, passages);

    const changed = sampleDocuments(9, 2).slice(1);
    const updated = await ingest(table, [...asItems(changed)], { deleteMissing: true });
    assert.deepEqual([updated.skipped, updated.updated, updated.added, updated.deleted], [6, 2, 0, 1]);
    assert.equal((await listDocuments(table)).length, 8);
    await withTable(async (fresh) => {
      await ingest(fresh, asItems(changed));
      assert.deepEqual(await contentsOf(table), await contentsOf(fresh));
    });
    assert.deepEqual((await verify(table)).problems, []);
  }));

Deno.test("ingest() of a document that only lost its last paragraph removes the passages of it", () =>
  withTable(async (table) => {
    const paragraphs = ["a", "b", "c"].map((seed) => sampleText(seed));
    await ingest(table, asItems([sampleDocument("a.md", paragraphs), sampleDocument("b.md", paragraphs)]));
    const before = await table.countPassages();
    const report = await ingest(table, asItems([sampleDocument("a.md", paragraphs.slice(0, 2))]));
    assert.equal(report.updated, 1);
    const [a, b] = await listDocuments(table);
    assert.ok(a.whole && b.whole && a.passages < b.passages);
    assert.equal(await table.countPassages(), a.passages + b.passages);
    assert.ok(before > a.passages + b.passages);
  }));

Deno.test("ingest() counts failures with their reasons, and keeps what the table had of them", () =>
  withTable(async (table) => {
    const [good, other] = sampleDocuments(2);
    await ingest(table, asItems([good, other]));
    const items: IngestItem[] = [
      { failure: { source: other.source, kind: "broken", message: "its third page ends early" } },
      { document: { ...good, source: "blank.md", text: "", blocks: [] } },
      { document: good },
      { document: { ...good, title: "The same source again" } },
    ];
    const report = await ingest(table, items, { deleteMissing: true });
    assert.deepEqual([report.failed, report.skipped, report.deleted, report.added], [3, 1, 0, 0]);
    assert.deepEqual(report.failures.map(({ source, kind }) => [source, kind]), [
      [other.source, "broken"],
      ["blank.md", "empty"],
      [good.source, "duplicate"],
    ]);
    assert.deepEqual((await listDocuments(table)).map(({ source }) => source), [good.source, other.source]);
  }));

Deno.test("ingest() takes a document that failed when it first came", () =>
  withTable(async (table) => {
    const [document] = sampleDocuments(1);
    const failure = { source: document.source, kind: "unreadable", message: "no answer in time" } as const;
    const report = await ingest(table, [{ failure }, { document }, { failure }, { document }]);
    assert.deepEqual([report.added, report.failures.map(({ kind }) => kind)], [1, [
      "unreadable",
      "unreadable",
      "duplicate",
    ]]);
  }));

Deno.test("ingest() does not take the rows of a file or a folder that could not be read for deleted", () =>
  withTable(async (table) => {
    const kept = ["guides/a.md", "guides/deep/b.md", "rows.jsonl#1", "rows.jsonl#2"];
    const gone = ["guides.md", "rows.jsonl.old#1"];
    await ingest(table, asItems([...kept, ...gone].map((source) => sampleDocument(source, ["Text."]))));
    const items = ["rows.jsonl", "guides"].map((source) => ({
      failure: { source, kind: "unreadable" as const, message: "permission denied" },
    }));
    assert.equal((await ingest(table, items, { deleteMissing: true })).deleted, 2);
    assert.deepEqual((await listDocuments(table)).map(({ source }) => source), kept);
  }));

Deno.test("ingest() goes on after a document that cannot be cut", () =>
  withTable(async (table) => {
    const [good] = sampleDocuments(1);
    const broken = { ...good, source: "broken.md", blocks: null } as unknown as SourceDocument;
    const report = await ingest(table, asItems([broken, good]));
    assert.deepEqual([report.added, report.failed], [1, 1]);
    assert.match(report.failures[0].message, /^it could not be cut: /);
  }));

Deno.test("ingest() keeps what a chunk says, in its columns too", () =>
  withTable(async (table) => {
    const metadata = { topic: "it's", author: 'Ünal "B"', __proto__x: "1" };
    const text = "A passage with quotes ' \" and emoji 😀.";
    await ingest(table, asItems([sampleDocument("dir/ä b.md", [text], { metadata, untrusted: true, page: 7 })]));
    const [{ chunk }] = await matchingPassages(table, "emoji", { limit: 1 });
    assert.ok(chunk.text.includes(text));
    assert.deepEqual(
      { source: chunk.source, page: chunk.page, metadata: chunk.metadata, untrusted: chunk.untrusted },
      { source: "dir/ä b.md", page: 7, metadata, untrusted: true },
    );
    const [row] = await contentsOf(table);
    assert.deepEqual([row.topic, row.language], ["it's", null]);
  }));

Deno.test("ingest() refuses to delete everything when no documents come", () =>
  withTable(async (table) => {
    await ingest(table, [], { deleteMissing: true });
    await ingest(table, asItems(sampleDocuments(2)));
    await assert.rejects(
      ingest(table, [], { deleteMissing: true }),
      /no documents came, and deleting .* nothing was deleted/,
    );
    assert.equal((await listDocuments(table)).length, 2);
    await deleteDocuments(table, ["documents/000.md", "not there", "it's"]);
    assert.deepEqual((await listDocuments(table)).map(({ source }) => source), ["documents/001.md"]);
  }));

Deno.test("ingest() replaces thousands of documents at once, and refuses batches that are larger than it can", () =>
  withTable(async (table) => {
    const documents = (edition: string) =>
      asItems(Array.from({ length: 10_001 }, (_, at) => sampleDocument(`${at}.md`, [edition])));
    await ingest(table, documents("One."), { batchPassages: 10_000 });
    const { updated } = await ingest(table, documents("Two."), { batchPassages: 10_000 });
    assert.deepEqual([updated, await table.countPassages()], [10_001, 10_001]);
    for (const batchPassages of [0, 1.5, 10_001, NaN]) {
      await assert.rejects(ingest(table, [], { batchPassages }), /batchPassages: expected 1 to 10,000, got/);
    }
  }));

Deno.test("ingest() stops when aborted, between whole documents, and the next one completes it", () =>
  withTable(async (table) => {
    const controller = new AbortController();
    const documents = sampleDocuments(20);
    const run = ingest(table, asItems(documents), {
      batchPassages: 5,
      signal: controller.signal,
      onProgress: ({ added }) => added >= 6 && controller.abort(new Error("stopped by hand")),
    });
    await assert.rejects(run, /stopped by hand/);
    const half = await listDocuments(table);
    assert.ok(half.length >= 6 && half.length < 20);
    assert.ok(half.every(({ whole }) => whole));
    const rest = await ingest(table, asItems(documents));
    assert.deepEqual([rest.skipped, rest.added], [half.length, 20 - half.length]);
    assert.ok((await verify(table)).ok);
  }));

Deno.test("ingest() tells its progress", () =>
  withTable(async (table) => {
    const seen: IngestProgress[] = [];
    const report = await ingest(table, asItems(sampleDocuments(6)), {
      batchPassages: 4,
      onProgress: (p) => seen.push(p),
    });
    for (const [at, { documents, embedded, passages }] of seen.entries()) {
      assert.ok(embedded >= passages);
      if (at > 0) assert.ok(documents >= seen[at - 1].documents && embedded >= seen[at - 1].embedded);
    }
    const { phase, documents, added, passages } = seen.at(-1)!;
    assert.deepEqual([phase, documents, added, passages], ["indexing", 6, 6, report.passages]);
    const phases: string[] = [];
    const onProgress = ({ phase, deleted }: IngestProgress) => phases.push(`${phase} ${deleted}`);
    await ingest(table, asItems(sampleDocuments(5)), { deleteMissing: true, onProgress });
    assert.deepEqual([...new Set(phases)], ["ingesting 0", "deleting 0", "indexing 1"]);
  }));

Deno.test("ingest() makes documents whole that two writers left twice", () =>
  withTable(async (table) => {
    const documents = sampleDocuments(3);
    // Both see an empty table, and both add.
    await Promise.all([ingest(table, asItems(documents)), ingest(table, asItems(documents))]);
    const damaged = (await listDocuments(table)).filter(({ whole }) => !whole).length;
    const found = await verify(table);
    assert.equal(found.problems.filter(({ kind }) => kind === "document").length, damaged);
    const report = await ingest(table, asItems(documents));
    assert.deepEqual([report.added, report.skipped], [damaged, 3 - damaged]);
    assert.deepEqual((await verify(table)).problems, []);
  }));

Deno.test("ingest() writes nothing of an embedder that gives no proper vectors", async () => {
  const cases: [(good: Float32Array[]) => Float32Array[], RegExp][] = [
    [(good) => good.slice(1), /gave \d+ vectors for \d+ passages/],
    [(good) => good.map((vector) => vector.slice(1)), /gave a vector of 31 numbers/],
    [(good) => good.map((vector) => vector.map(() => NaN)), /gave a vector of length NaN/],
    [(good) => good.map((vector) => vector.map(() => 0)), /gave a vector of length 0/],
    [
      (good) => good.map((vector) => vector.map((x) => 2 * x)),
      /gave a vector of length 2\.0000 and says that they have length 1/,
    ],
  ];
  for (const [spoil, message] of cases) {
    const embedder = new HashingEmbedder();
    const embed = embedder.embedPassages.bind(embedder);
    embedder.embedPassages = async (passages, options) => spoil(await embed(passages, options));
    await withTable(async (table) => {
      await assert.rejects(ingest(table, asItems(sampleDocuments(2))), message);
      assert.equal(await table.countPassages(), 0);
    }, { embedder });
  }
});
