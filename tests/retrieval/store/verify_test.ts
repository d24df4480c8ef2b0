import assert from "node:assert/strict";
import { ingest, openTable, type PassageTable, rebuildIndexes, verify } from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, sampleDocuments, withTable } from "./sample_documents.ts";

async function kindsOf(table: PassageTable): Promise<string[]> {
  const { ok, problems, problemCount, advice } = await verify(table);
  assert.equal(ok, false);
  assert.equal(problemCount, problems.length);
  assert.ok(advice.length > 0);
  return [...new Set(problems.map(({ kind }) => kind))].sort();
}

/** Spoils a fresh table, and says what verify() finds. */
async function spoilt(spoil: (table: PassageTable) => Promise<unknown>): Promise<string[]> {
  let kinds: string[] = [];
  await withTable(async (table) => {
    await ingest(table, asItems(sampleDocuments(4)));
    assert.deepEqual((await verify(table)).problems, []);
    await spoil(table);
    kinds = await kindsOf(table);
  });
  return kinds;
}

Deno.test("verify() finds nothing in a table that is as it was left, full or empty", () =>
  withTable(async (table) => {
    const empty = await verify(table);
    assert.deepEqual(empty, { ok: true, documents: 0, passages: 0, problemCount: 0, problems: [], advice: [] });
    await ingest(table, asItems(sampleDocuments(5)));
    const { ok, documents, passages } = await verify(table);
    assert.deepEqual([ok, documents, passages], [true, 5, await table.countPassages()]);
  }));

Deno.test("verify() finds each kind of damage", async () => {
  const first = "source = 'documents/000.md'";
  const set = (column: string, sql: string) => (table: PassageTable) =>
    table.lance.update({ where: first, valuesSql: { [column]: sql } });
  assert.deepEqual(
    await spoilt(async (table) => {
      const [{ id }] = await table.lance.query().where("source = 'documents/001.md'").toArray();
      await table.lance.delete(`id = '${id}'`);
    }),
    ["document"],
  );
  const one = { where: "source = 'documents/001.md' AND start > 30" };
  assert.deepEqual((await spoilt(set("documentChunks", "9"))).filter((kind) => kind !== "index"), ["document"]);
  assert.deepEqual((await spoilt(set("start", "start + 1"))).filter((kind) => kind !== "index"), ["span"]);
  for (const json of ["{broken", "[]", "null", '{"a": 1}']) {
    const found = await spoilt((table) => table.lance.update({ where: first, values: { metadata: json } }));
    assert.deepEqual(found.filter((kind) => kind !== "index"), ["metadata"]);
  }
  assert.deepEqual((await spoilt(set("documentLength", "3"))).filter((kind) => kind !== "index"), ["span"]);
  assert.deepEqual(
    (await spoilt((table) => table.lance.update({ ...one, values: { documentHash: "other" } }))).filter((kind) =>
      kind !== "index"
    ),
    ["document"],
  );
  assert.deepEqual(
    (await spoilt((table) => table.lance.update({ ...one, values: { id: "same" } }))).filter((kind) =>
      kind !== "index"
    ),
    ["document", "id"],
  );
  assert.deepEqual(
    (await spoilt((table) => table.lance.update({ where: one.where, values: { vector: new Array(32).fill(1) } })))
      .filter((
        kind,
      ) => kind !== "index" && kind !== "embedder"),
    ["vector"],
  );
});

Deno.test("verify() finds passages that are not in an index", async () => {
  const kinds = await spoilt((table) => table.lance.dropIndex("searchText_idx"));
  assert.deepEqual(kinds, ["index"]);
});

Deno.test("verify() embeds a few passages again, and finds an embedder that changed under its name", () =>
  withTable(async (table, embedder) => {
    await ingest(table, asItems(sampleDocuments(5)));
    const vector = embedder.vector.bind(embedder);
    embedder.vector = (text) => vector(text).toReversed();
    assert.deepEqual(await kindsOf(table), ["embedder"]);
    assert.equal((await verify(table)).problemCount, 4);
    assert.ok((await verify(table, { embedAgain: 0 })).ok);
    embedder.embedPassages = () => Promise.reject(new Error("no memory left"));
    assert.match((await verify(table)).problems[0].message, /no memory left/);
  }));

Deno.test("verify() reports files that are broken", () =>
  inFolder(async (folder) => {
    await withTable(async (table) => void await ingest(table, asItems(sampleDocuments(5))), { uri: folder });
    const data = `${folder}/passages.lance/data`;
    for (const { name } of Deno.readDirSync(data)) {
      const bytes = Deno.readFileSync(`${data}/${name}`);
      Deno.writeFileSync(`${data}/${name}`, bytes.subarray(0, bytes.length >> 1));
    }
    await withTable(async (table) => {
      const { ok, problems, advice } = await verify(table);
      assert.equal(ok, false);
      assert.ok(problems.every(({ kind }) => kind === "unreadable" || kind === "embedder"));
      assert.match(advice[0], /delete its folder and ingest the documents again/);
    }, { uri: folder });
  }));

Deno.test("verify() reports an index whose files are gone, which rebuildIndexes() makes anew", () =>
  inFolder(async (folder) => {
    await withTable(async (table) => void await ingest(table, asItems(sampleDocuments(5))), { uri: folder });
    await Deno.remove(`${folder}/passages.lance/_indices`, { recursive: true });
    await withTable(async (table) => {
      const { problems, advice } = await verify(table);
      assert.deepEqual(problems.map(({ kind }) => kind), ["index"]);
      assert.match(problems[0].message, /^searchText_idx cannot be read: /);
      assert.match(advice[0], /where they cannot be read, rebuildIndexes\(\)/);
      await rebuildIndexes(table);
      assert.deepEqual((await verify(table)).problems, []);
    }, { uri: folder });
  }));

Deno.test("openTable() names the table whose newest version is damaged, and what to do", () =>
  inFolder(async (folder) => {
    await withTable(async (table) => void await ingest(table, asItems(sampleDocuments(2))), { uri: folder });
    const versions = `${folder}/passages.lance/_versions`;
    for (const { name } of Deno.readDirSync(versions)) Deno.writeTextFileSync(`${versions}/${name}`, "broken");
    await assert.rejects(
      withTable(async () => {}, { uri: folder }),
      /^Error: table "passages" at .*: LanceDB cannot open it .* delete passages\.lance there and ingest the documents again/s,
    );
  }));

Deno.test("verify() stops when aborted", async () => {
  const table = await openTable({ uri: "memory://", name: "passages", embedder: new HashingEmbedder() });
  await ingest(table, asItems(sampleDocuments(2)));
  await assert.rejects(verify(table, { signal: AbortSignal.abort(new Error("stopped")) }), /stopped/);
  table.close();
});
