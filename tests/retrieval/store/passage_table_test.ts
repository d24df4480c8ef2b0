import assert from "node:assert/strict";
import { connect } from "@lancedb/lancedb";
import { FULL_TEXT_LANGUAGES, ingest, matchingPassages, openTable, verify } from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, contentsOf, sampleDocuments, withTable } from "./sample_documents.ts";

Deno.test("openTable() makes a table, and opens it again with all that it holds", () =>
  inFolder(async (folder) => {
    const uri = `${folder}/new/library`;
    let written: Record<string, unknown>[] = [];
    await withTable(async (table) => {
      assert.equal(await table.countPassages(), 0);
      await ingest(table, asItems(sampleDocuments(4)));
      written = await contentsOf(table);
    }, { uri, filterColumns: ["topic", "edition"], fullText: { stem: false } });
    assert.ok(written.length >= 4);
    // What is not said is as the table has it.
    await withTable(async (table) => {
      assert.deepEqual(await contentsOf(table), written);
      assert.deepEqual(table.description.filterColumns, ["topic", "edition"]);
      assert.deepEqual(table.description.fullText, { language: "English", stem: false, removeStopWords: true });
    }, { uri });
  }));

Deno.test("openTable() in memory begins empty each time", async () => {
  await withTable(async (table) => {
    await ingest(table, asItems(sampleDocuments(2)));
    assert.ok(await table.countPassages() > 0);
  });
  await withTable(async (table) => assert.equal(await table.countPassages(), 0));
});

Deno.test("openTable() refuses another embedder, naming both and what to do", () =>
  inFolder(async (folder) => {
    await withTable(async () => {}, { uri: folder });
    const open = (embedder: HashingEmbedder) => openTable({ uri: folder, name: "passages", embedder });
    await assert.rejects(
      open(new HashingEmbedder({ name: "other/model", revision: "abc", dimensions: 16 })),
      (error: Error) => {
        assert.match(
          error.message,
          /table "passages" at .*: its vectors were made by hashing \(revision 1, 32 dimensions\)/,
        );
        assert.match(error.message, /but other\/model \(revision abc, 16 dimensions\) was given/);
        assert.match(error.message, /open it as it was made, or give another name and ingest the documents there/);
        return true;
      },
    );
    // What a person would overlook is told too.
    await assert.rejects(open(new HashingEmbedder({ queryPrefix: "query: " })), /queryPrefix "" against "query: "/);
    (await open(new HashingEmbedder())).close();
  }));

Deno.test("openTable() refuses other chunking, columns and full-text settings", () =>
  inFolder(async (folder) => {
    const made = { uri: folder, name: "passages", embedder: new HashingEmbedder(), chunking: { chunkTokens: 40 } };
    (await openTable(made)).close();
    (await openTable(made)).close();
    await assert.rejects(
      openTable({ ...made, chunking: { chunkTokens: 50 } }),
      /made with chunking {"chunkTokens":40}, but {"chunkTokens":50}/,
    );
    await assert.rejects(
      openTable({ ...made, filterColumns: ["topic"] }),
      /filterColumns \["topic","language"\], but \["topic"\]/,
    );
    await assert.rejects(
      openTable({ ...made, fullText: { stem: false } }),
      /made with fullText .*"stem":true.*, but .*"stem":false/,
    );
  }));

Deno.test("openTable() refuses names, locations and columns that cannot be", async () => {
  const given = { uri: "memory://", name: "passages", embedder: new HashingEmbedder() };
  await assert.rejects(openTable({ ...given, name: "../a" }), /table name "\.\.\/a"/);
  await assert.rejects(openTable({ ...given, uri: "ftp://bucket/a" }), /tables cannot lie at ftp:/);
  await assert.rejects(
    openTable({ ...given, storageOptions: { region: "eu-1" } }),
    /storageOptions: they are for object stores/,
  );
  await assert.rejects(
    openTable({ ...given, filterColumns: ["source"] }),
    /"source" cannot be a column: every table has/,
  );
  await assert.rejects(openTable({ ...given, filterColumns: ["a", "a"] }), /"a" cannot be a column: it is there twice/);
  await assert.rejects(openTable({ ...given, filterColumns: ["a`b"] }), /"a`b" cannot be a column: expected a letter/);
  await assert.rejects(
    openTable({ ...given, chunking: { chunkTokens: 65 } }),
    /chunkTokens: expected 1 to 64, which hashing reads/,
  );
  // LanceDB would end the whole process, and leave the table as it is.
  for (const language of ["Klingon", "english", ""] as unknown as ["English"]) {
    await assert.rejects(
      openTable({ ...given, fullText: { language } }),
      /fullText.language: expected one of Arabic, .*Turkish, got "/,
    );
  }
  await assert.rejects(openTable({ ...given, indexAbove: -1 }), /indexAbove: expected a number of passages/);
  await assert.rejects(openTable({ ...given, signal: AbortSignal.abort(new Error("stopped")) }), /stopped/);
});

Deno.test("openTable() makes a table where making one was killed", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/passages.lance`);
    await withTable(async (table) => {
      await ingest(table, asItems(sampleDocuments(1)));
      assert.ok(await table.countPassages() > 0);
    }, { uri: folder });
  }));

Deno.test("openTable() says that a table is not one of passages", () =>
  inFolder(async (folder) => {
    const connection = await connect(folder);
    await connection.createTable("passages", [{ a: 1 }]);
    connection.close();
    await assert.rejects(
      withTable(async () => {}, { uri: folder }),
      /holds no passages of openTable\(\); give another name/,
    );
  }));

Deno.test("openTable() finds words in each language that it takes", async () => {
  for (const language of FULL_TEXT_LANGUAGES) {
    await withTable(async (table) => {
      await ingest(table, asItems(sampleDocuments(1)));
      assert.ok((await matchingPassages(table, "documents", { limit: 3 })).length > 0, language);
    }, { fullText: { language } });
  }
});

Deno.test("openTable() makes one table when several open it at once", () =>
  inFolder(async (folder) => {
    const given = { uri: folder, name: "passages", embedder: new HashingEmbedder() };
    const tables = await Promise.all(Array.from({ length: 6 }, () => openTable(given)));
    await ingest(tables[0], asItems(sampleDocuments(3)));
    const counts = await Promise.all(tables.map((table) => table.countPassages()));
    assert.ok(counts.every((count) => count === counts[0] && count > 0), counts.join(" "));
    tables.forEach((table) => table.close());
  }));

Deno.test(
  "openTable() takes folders of all names",
  { ignore: Deno.build.os === "windows" },
  () =>
    inFolder(async (folder) => {
      for (const name of ["a b", "100% a", "%20", "a#b?c", "Übung 漢字 😀", "a'b\\c", "[x] & y=z"]) {
        const uri = `${folder}/${name}`;
        await withTable(async (table) => void await ingest(table, asItems(sampleDocuments(2))), { uri });
        await withTable(async (table) => assert.deepEqual((await verify(table)).problems, []), { uri });
        assert.ok([...Deno.readDirSync(uri)].some((entry) => entry.name === "passages.lance"), name);
      }
    }),
);
