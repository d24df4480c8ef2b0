import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { ingestCollection, tableRetriever, worldCollection } from "../../lib/r3/mod.ts";
import { EMBEDDERS, houseEmbedder } from "../../lib/retrieval/embed/mod.ts";
import { openTable, type PassageTable } from "../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../support/hashing_embedder.ts";
import { DOCUMENTS } from "./fixtures.ts";

/** An embedder that keeps every text as its model would read it, with the prefix. */
class PrefixedEmbedder extends HashingEmbedder {
  readonly read: string[] = [];

  override embedPassages(...[passages, options]: Parameters<HashingEmbedder["embedPassages"]>) {
    const prefixed = passages.map((passage) => this.description.passagePrefix + passage);
    this.read.push(...prefixed);
    return super.embedPassages(prefixed, options);
  }

  override embedQueries(queries: readonly string[]) {
    const prefixed = queries.map((query) => this.description.queryPrefix + query);
    this.read.push(...prefixed);
    return super.embedQueries(prefixed);
  }
}

async function withTable(
  run: (table: PassageTable) => Promise<void>,
  embedder: HashingEmbedder = new HashingEmbedder(),
): Promise<void> {
  const table = await openTable({ uri: "memory://", name: "passages", embedder });
  try {
    await ingestCollection(table, DOCUMENTS);
    await run(table);
  } finally {
    table.close();
  }
}

Deno.test("tableRetriever() finds each query's passages with their documents, in every mode", () =>
  withTable(async (table) => {
    for (const mode of ["fullText", "hybrid", "dense"] as const) {
      const found = await tableRetriever(table, { mode }).find([
        { query: "Velmona company", limit: 1 },
        { query: "Selma river length", limit: 2 },
        { query: "Velmona company", limit: 3 },
      ]);
      assert.deepEqual(found.map(([best]) => best.document), ["velmona", "selma", "velmona"], mode);
      assert.deepEqual(found.map(({ length }) => length).slice(0, 1), [1]);
      assert.ok(found[2].length <= 3);
      const [{ title, text, id }] = found[0];
      assert.deepEqual([title, text], [DOCUMENTS[0].title, DOCUMENTS[0].text]);
      assert.notEqual(id, "");
    }
  }));

Deno.test("tableRetriever() looks at topK passages only, less those that were shown", () =>
  withTable(async (table) => {
    const retriever = tableRetriever(table, { mode: "dense", topK: 3 });
    const request = { query: "Velmona company", limit: 2 };
    const [first] = await retriever.find([request]);
    const [second] = await retriever.find([{ ...request, exclude: first.map(({ id }) => id) }]);
    const shown = [...first, ...second].map(({ id }) => id);
    assert.deepEqual([first.length, second.length, new Set(shown).size], [2, 1, 3]);
    assert.deepEqual(await retriever.find([{ ...request, exclude: shown }]), [[]]);
    assert.deepEqual(await retriever.find([{ query: "  ", limit: 2 }]), [[]]);
    assert.throws(() => tableRetriever(table, { topK: 0 }), /topK: expected a whole number above 0, got 0/);
  }));

Deno.test("tableRetriever() has passages and queries read with their own prefixes", async () => {
  const { queryPrefix, passagePrefix } = EMBEDDERS.get("e5-small-v2")!;
  assert.deepEqual([queryPrefix, passagePrefix], ["query: ", "passage: "]);
  const embedder = new PrefixedEmbedder({ name: "intfloat/e5-small-v2", queryPrefix, passagePrefix });
  await withTable(async (table) => {
    assert.equal(embedder.read.length, DOCUMENTS.length);
    assert.ok(embedder.read.every((text) => text.startsWith("passage: ")));
    await tableRetriever(table).find([{ query: "Velmona", limit: 1 }]);
    assert.deepEqual(embedder.read.slice(DOCUMENTS.length), ["query: Velmona"]);
  }, embedder);
});

Deno.test("tableRetriever() refuses a table that was made by e5 without its prefixes", () =>
  withTable(
    (table) => {
      assert.throws(() => tableRetriever(table), /intfloat\/e5-small-v2 has the queryPrefix "": expected "query: "/);
      return Promise.resolve();
    },
    new HashingEmbedder({ name: "intfloat/e5-small-v2" }),
  ));

Deno.test("ingestCollection() tells which document did not come in", () =>
  withTable(async (table) => {
    const documents = [{ id: "x", title: "X", text: "Something." }, { id: "empty", title: "", text: " " }];
    await assert.rejects(ingestCollection(table, documents), /1 documents did not come in; the first, empty/);
    assert.equal((await ingestCollection(table, DOCUMENTS)).skipped, DOCUMENTS.length);
  }));

Deno.test("tableRetriever() with the house encoder finds the document that a right query is about among hundreds", async () => {
  const engine = await createEngine();
  const embedder = await houseEmbedder({ engine });
  const table = await openTable({ uri: "memory://", name: "worlds", embedder });
  try {
    const { documents, test } = worldCollection({ trainWorlds: 0, testWorlds: 20 });
    await ingestCollection(table, documents);
    const hops = test.slice(0, 40).flatMap(({ generated }) => generated.hops);
    const found = await tableRetriever(table).find(hops.map(({ queries }) => ({ query: queries[0], limit: 2 })));
    const right = hops.filter(({ documentId }, at) => found[at].some(({ document }) => document === documentId));
    assert.ok(right.length >= 0.98 * hops.length, `${right.length} of ${hops.length} among ${documents.length}`);
  } finally {
    table.close();
    await embedder.dispose();
    await engine.dispose();
  }
});
