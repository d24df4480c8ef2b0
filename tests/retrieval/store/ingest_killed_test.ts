import assert from "node:assert/strict";
import { Random } from "../../../lib/random/mod.ts";
import { ingest, listDocuments, matchingPassages, verify } from "../../../lib/retrieval/store/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, contentsOf, sampleDocuments, withTable } from "./sample_documents.ts";

const CHILD = new URL("./ingest_child.ts", import.meta.url).pathname;
const DOCUMENTS = 40;

/** An ingestion that is killed after so many lines, or when it comes to a phase. */
interface Kill {
  version: number;
  documents?: number;
  after: number | "deleting" | "indexing";
}

/** Starts an ingestion and kills it some milliseconds after it has come so far; says whether it was at work. */
async function killedIngestion(
  folder: string,
  { version, documents = DOCUMENTS, after }: Kill,
  milliseconds: number,
): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, folder, String(documents), String(version)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let seen = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (typeof after === "string" ? seen.includes(after) : seen.split("\n").length > after) break;
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
    // While it adds, while it replaces what was added, while it deletes, and while it puts the table in order.
    const plan: Kill[] = [
      ...[0, 12, 60].map((after) => ({ version: 1, after })),
      ...[5, 40].map((after) => ({ version: 2, after })),
      { version: 2, documents: 20, after: "deleting" },
      { version: 3, documents: 30, after: "indexing" },
      { version: 4, after: "indexing" },
    ];
    for (const kill of plan) {
      const milliseconds = random.integer(0, typeof kill.after === "string" ? 8 : 40);
      if (await killedIngestion(folder, kill, milliseconds)) kills++;
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
    assert.ok(kills >= 3, `only ${kills} of ${plan.length} ingestions were killed at work`);

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
