import assert from "node:assert/strict";
import { ingest, matchingPassages, openTable, verify } from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { startS3Server } from "./s3_server.ts";
import { asItems, contentsOf, sampleDocuments, withTable } from "./sample_documents.ts";

Deno.test("tables lie in a bucket as they lie in a folder, with the credentials that were given", async () => {
  const server = startS3Server();
  const storageOptions = {
    endpoint: server.endpoint,
    allowHttp: "true",
    region: "test-1",
    awsAccessKeyId: "the-key",
    awsSecretAccessKey: "the-secret",
  };
  const open = (embedder = new HashingEmbedder()) =>
    openTable({ uri: "s3://library/some/prefix", name: "passages", embedder, storageOptions });
  try {
    const table = await open();
    await ingest(table, asItems(sampleDocuments(6)), { batchPassages: 4 });
    await ingest(table, asItems(sampleDocuments(6, 2)).slice(1), { deleteMissing: true });
    assert.deepEqual((await verify(table)).problems, []);
    assert.equal((await matchingPassages(table, "title", { limit: 3 })).length, 3);
    await withTable(async (inMemory) => {
      await ingest(inMemory, asItems(sampleDocuments(6, 2)).slice(1));
      assert.deepEqual(await contentsOf(table), await contentsOf(inMemory));
    });
    const written = await contentsOf(table);
    table.close();
    assert.ok([...server.objects.keys()].every((path) => path.startsWith("library/some/prefix/")));
    // Of two processes that write one version, the second is refused.
    const commits = server.conditional.filter((path) => /passages\.lance\/_versions\/\d+\.manifest$/.test(path));
    assert.ok(commits.length >= 4 && new Set(commits).size === commits.length, commits.join("\n"));
    assert.deepEqual([...server.accessKeys], ["the-key"]);

    const again = await open();
    assert.deepEqual(await contentsOf(again), written);
    again.close();
    await assert.rejects(open(new HashingEmbedder({ revision: "2" })), /vectors were made by hashing \(revision 1/);
  } finally {
    await server.close();
  }
});
