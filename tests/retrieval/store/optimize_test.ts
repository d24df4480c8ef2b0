import assert from "node:assert/strict";
import { optimizeIsDue } from "../../../lib/retrieval/store/optimize.ts";
import {
  ingest,
  matchingPassages,
  optimizeTable,
  rebuildIndexes,
  tableStatistics,
} from "../../../lib/retrieval/store/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, contentsOf, sampleDocument, sampleDocuments, sampleText, withTable } from "./sample_documents.ts";

Deno.test("optimizeIsDue() after 100,000 rows, or 20 commits that changed a tenth of the table", () => {
  assert.equal(optimizeIsDue({ commits: 0, rows: 0 }, 0), false);
  assert.equal(optimizeIsDue({ commits: 19, rows: 99_999 }, 99_999), false);
  assert.equal(optimizeIsDue({ commits: 1, rows: 100_000 }, 5_000_000), true);
  assert.equal(optimizeIsDue({ commits: 20, rows: 5_000 }, 50_000), true);
  assert.equal(optimizeIsDue({ commits: 20, rows: 5_000 }, 50_001), false);
});

Deno.test("ingest() leaves few files and fresh indexes, however many commits it made", () =>
  inFolder((folder) =>
    withTable(async (table) => {
      const documents = sampleDocuments(60);
      await ingest(table, asItems(documents), { batchPassages: 1 });
      const { fragments, documents: count, passages, indexes, embedder, dimensions } = await tableStatistics(table);
      assert.ok(fragments <= 2, `${fragments} files`);
      assert.deepEqual([count, passages, embedder, dimensions], [60, await table.countPassages(), "hashing", 32]);
      assert.deepEqual(
        indexes.map(({ column, type, indexedRows, unindexedRows }) => ({ column, type, indexedRows, unindexedRows })),
        [
          { column: "searchText", type: "FTS", indexedRows: passages, unindexedRows: 0 },
        ],
      );
      assert.deepEqual(table.changes, { commits: 0, rows: 0 });
    }, { uri: folder })
  ));

Deno.test("optimizeTable() removes old versions once nobody needs them", () =>
  inFolder((folder) =>
    withTable(async (table) => {
      await ingest(table, asItems(sampleDocuments(10)), { batchPassages: 1 });
      await ingest(table, asItems(sampleDocuments(10, 2)), { batchPassages: 1 });
      const before = await contentsOf(table);
      assert.ok((await tableStatistics(table)).versions > 10);
      assert.equal((await optimizeTable(table)).versionsRemoved, 0);
      const { versionsRemoved, bytesRemoved } = await optimizeTable(table, { keepVersionsFor: 0 });
      assert.ok(versionsRemoved > 10 && bytesRemoved > 0);
      assert.ok((await tableStatistics(table)).versions <= 2);
      assert.deepEqual(await contentsOf(table), before);
    }, { uri: folder })
  ));

Deno.test("optimizeTable() works beside another process's writing", () =>
  inFolder((folder) =>
    withTable((table) =>
      withTable(async (other) => {
        await ingest(table, asItems(sampleDocuments(6)));
        const written = ingest(table, asItems(sampleDocuments(40, 2)), { batchPassages: 3 });
        for (let at = 0; at < 5; at++) await optimizeTable(other);
        await written;
        await withTable(async (fresh) => {
          await ingest(fresh, asItems(sampleDocuments(40, 2)));
          assert.deepEqual(await contentsOf(other), await contentsOf(fresh));
        });
      }, { uri: folder }), { uri: folder })
  ));

Deno.test("rebuildIndexes() makes both anew", () =>
  withTable(async (table) => {
    await ingest(
      table,
      asItems(Array.from({ length: 300 }, (_, at) => sampleDocument(`${at}.md`, [sampleText(`${at}`)]))),
    );
    const uuids = async () => (await table.lance.listIndices()).map(({ indexUuid }) => indexUuid).sort();
    const before = await uuids();
    assert.equal(before.length, 2);
    await rebuildIndexes(table);
    const after = await uuids();
    assert.equal(after.length, 2);
    assert.ok(after.every((uuid) => !before.includes(uuid)));
    assert.ok((await matchingPassages(table, "title", { limit: 3 })).length === 3);
  }, { indexAbove: 256 }));
