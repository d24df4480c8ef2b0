import assert from "node:assert/strict";
import { search, type SearchMode } from "../../../lib/retrieval/search/mod.ts";
import {
  deleteDocuments,
  ingest,
  listDocuments,
  openTable,
  type PassageTable,
  verify,
} from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { lacksStore, type ObjectStore, STORE_KINDS, type StoreKind, withStore } from "./object_store.ts";
import { asItems, contentsOf, sampleDocuments, sampleText, withTable } from "./sample_documents.ts";

const CHILD = new URL("./ingest_child.ts", import.meta.url).pathname;

function testStore(kind: StoreKind, what: string, run: (store: ObjectStore) => Promise<void>): void {
  const lack = lacksStore(kind);
  Deno.test({
    name: lack === null ? `${kind}: ${what}` : `${kind}: ${what} (skipped: ${lack})`,
    ignore: lack !== null,
    fn: () => withStore(kind, run),
  });
}

const open = (store: ObjectStore, prefix = "a/prefix", storageOptions = store.storageOptions) =>
  openTable({ uri: store.uri(prefix), name: "passages", embedder: new HashingEmbedder(), storageOptions });

/** What every kind of search finds, without the places in the table. */
async function findings(table: PassageTable): Promise<unknown[]> {
  const modes: SearchMode[] = ["dense", "fullText", "hybrid"];
  return await Promise.all(
    modes.map(async (mode) =>
      (await search(table, sampleText("a question", 6), { mode, k: 5 })).map((
        { chunk, score },
      ) => [chunk.id, score.toFixed(5)])
    ),
  );
}

for (const kind of STORE_KINDS) {
  testStore(kind, "a table is what it is in memory: ingested, changed, searched, opened again", async (store) => {
    const table = await open(store);
    const first = sampleDocuments(12);
    await ingest(table, asItems(first), { batchPassages: 8 });
    const changed = sampleDocuments(12, 2).slice(2);
    const { updated, skipped, deleted } = await ingest(table, asItems(changed), { deleteMissing: true });
    assert.deepEqual([updated + skipped, deleted], [10, 2]);
    await deleteDocuments(table, [changed[0].source]);
    assert.deepEqual((await verify(table)).problems.filter(({ kind }) => kind !== "index"), []);

    await withTable(async (inMemory) => {
      await ingest(inMemory, asItems(changed.slice(1)));
      assert.deepEqual(await contentsOf(table), await contentsOf(inMemory));
      const again = await open(store);
      assert.deepEqual(await contentsOf(again), await contentsOf(inMemory));
      const [here, there] = [await findings(again), await findings(inMemory)];
      // The index of the text was made in other steps, which moves its scores a little.
      assert.deepEqual(here[0], there[0]);
      assert.ok(here.every((each) => Array.isArray(each) && each.length === 5));
      assert.deepEqual(await findings(table), here);
      again.close();
    });
    table.close();
  });

  testStore(kind, "two writers at once lose nothing and double nothing", async (store) => {
    const [one, other] = [await open(store), await open(store)];
    const documents = (who: string) => sampleDocuments(8).map((each) => ({ ...each, source: `${who}/${each.source}` }));
    const reports = await Promise.all([
      ingest(one, asItems(documents("one")), { batchPassages: 3 }),
      ingest(other, asItems(documents("other")), { batchPassages: 3 }),
    ]);
    const reader = await open(store);
    assert.equal(await reader.countPassages(), reports[0].passages + reports[1].passages);
    assert.deepEqual(
      (await listDocuments(reader)).map(({ source, whole }) => [source, whole]).sort(),
      [
        ...documents("one"),
        ...documents("other"),
      ].map(({ source }) => [source, true]).sort(),
    );
    assert.deepEqual((await verify(reader)).problems.filter(({ kind }) => kind !== "index"), []);
    for (const each of [one, other, reader]) each.close();
  });

  testStore(
    kind,
    "an ingestion that is killed leaves whole documents, with keys from the environment",
    async (store) => {
      let kills = 0;
      for (const after of [3, 9, 20]) {
        const child = new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", CHILD, store.uri("killed"), "12", String(after)],
          env: store.env,
          stdout: "piped",
          stderr: "null",
        }).spawn();
        let seen = "";
        for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
          seen += text;
          if (seen.split("\n").length > after) break;
        }
        child.kill("SIGKILL");
        if ((await child.status).signal === "SIGKILL") kills++;
        assert.match(seen, /^open\n/);
        const table = await open(store, "killed");
        assert.deepEqual((await verify(table)).problems.filter(({ kind }) => kind !== "index"), []);
        assert.ok((await listDocuments(table)).every(({ whole }) => whole));
        table.close();
      }
      assert.ok(kills >= 2, `${kills} of 3 were killed at work`);
      const table = await open(store, "killed");
      await ingest(table, asItems(sampleDocuments(12, 2)), { deleteMissing: true });
      await withTable(async (inMemory) => {
        await ingest(inMemory, asItems(sampleDocuments(12, 2)));
        assert.deepEqual(await contentsOf(table), await contentsOf(inMemory));
      });
      table.close();
    },
  );

  testStore(kind, "what a store refuses is said in a sentence without keys", async (store) => {
    const said = async (place: ObjectStore, options: Record<string, string>) => {
      const error = await open(place, "x", { ...store.storageOptions, clientMaxRetries: "1", ...options })
        .then((table) => table.close(), (error) => error);
      assert.ok(error instanceof Error, "it was opened");
      const shown = Deno.inspect(error);
      for (const secret of Object.values({ ...store.wrongSecret, ...store.env })) {
        assert.ok(!/secret|key/i.test(secret) || !shown.includes(secret), shown);
      }
      assert.ok(!/StringToSign|AWSAccessKeyId>|ingest the documents again/.test(shown), shown);
      return error.message;
    };
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const endpoint = `http://127.0.0.1:${listener.addr.port}/kiln`;
    listener.close();
    const nowhere = { ...store, uri: (prefix: string) => store.uri(prefix).replace("library", "absent") };
    // All at once: LanceDB tries for seconds before it gives up.
    const [refused, unreachable, absent] = await Promise.all([
      said(store, store.wrongSecret),
      said(store, { endpoint, clientRetryTimeout: "1" }),
      said(nowhere, {}),
    ]);
    assert.match(refused, /the object store refuses the credentials, or they may not use library\. Check A/);
    assert.match(unreachable, /cannot be reached\. Check the network and the endpoint/);
    assert.match(absent, /there is no (bucket|container) absent there: make it first/);
  });
}
