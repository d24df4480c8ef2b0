import assert from "node:assert/strict";
import { Random } from "../../../lib/random/mod.ts";
import { ingest, listDocuments, matchingPassages, verify } from "../../../lib/retrieval/store/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, contentsOf, sampleDocuments, withTable } from "./sample_documents.ts";

const CHILD = new URL("./ingest_child.ts", import.meta.url).pathname;
const DOCUMENTS = 40;

/** Starts an ingestion and kills it after so many lines and then some milliseconds; says whether it was at work. */
async function killedIngestion(folder: string, version: number, lines: number, milliseconds: number): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, folder, String(DOCUMENTS), String(version)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let seen = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (seen.split("\n").length > lines) break;
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  try {
    child.kill("SIGKILL");
  } catch {
    // It was done already.
  }
  return (await child.status).signal === "SIGKILL";
}

Deno.test("ingest() killed at any moment leaves whole documents, and the next one completes it", () =>
  inFolder(async (folder) => {
    const random = new Random("kills");
    let kills = 0;
    // The first time while it adds, then while it replaces what was added.
    for (const [version, lines] of [[1, 0], [1, 12], [1, 60], [2, 5], [2, 40]]) {
      if (await killedIngestion(folder, version, lines, random.integer(0, 40))) kills++;
      await withTable(async (table) => {
        const { problems } = await verify(table);
        // Only putting in order may be left to do.
        assert.deepEqual(problems.filter(({ kind }) => kind !== "index"), []);
        const stored = new Map((await listDocuments(table)).map((document) => [document.source, document]));
        assert.ok([...stored.values()].every(({ whole }) => whole));
        // Words are found in what was written last, indexed or not.
        for (const { passages, source } of [...stored.values()].slice(-2)) {
          const filter = { op: "eq", column: "source", value: source } as const;
          assert.equal((await matchingPassages(table, "title", { limit: 100, filter })).length, passages);
        }
      }, { uri: folder });
    }
    assert.ok(kills >= 3, `only ${kills} of 5 ingestions were killed at work`);

    const documents = asItems(sampleDocuments(DOCUMENTS, 2));
    await withTable(async (table) => {
      const { added, updated, skipped } = await ingest(table, documents, { deleteMissing: true });
      assert.equal(added + updated + skipped, DOCUMENTS);
      assert.deepEqual((await verify(table)).problems, []);
      await withTable(async (uninterrupted) => {
        await ingest(uninterrupted, documents);
        assert.deepEqual(await contentsOf(table), await contentsOf(uninterrupted));
        for (const query of ["bazo0", "title documents"]) {
          const [one, other] = [table, uninterrupted].map((each) => matchingPassages(each, query, { limit: 20 }));
          assert.deepEqual((await one).map(({ chunk }) => chunk).length, (await other).length);
        }
      });
    }, { uri: folder });
  }));
