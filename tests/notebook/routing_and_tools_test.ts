/** Notebook 03 as a whole: with the house's routes, and with routes and questions of files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CellError } from "../../lib/notebook/run.ts";
import { loadRouter } from "../../lib/agent/mod.ts";
import { houseEmbedder } from "../../lib/retrieval/embed/mod.ts";
import { withEngine } from "../support/tiny_model.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("03");

/** Runs the notebook at smoke size; gives what it shows as text, and the folder of its run. */
async function run(folder: string, parameters: Record<string, string | number | boolean>) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), ...parameters });
  const number = /saved in \S*03-routing-(\d+)/.exec(text)?.[1];
  return { text, path: `${outputs}/03-routing-${number}` };
}

async function writeRows(folder: string, name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await Deno.writeTextFile(path, rows.map((row) => JSON.stringify(row)).join("\n") + "\n");
  return fromNotebook(path);
}

Deno.test("notebook 03 fits a strict router on the house's routes, asks the house model too, and keeps the router", async () => {
  await using folder = await tempFolder();
  const { text, path } = await run(folder.path, { keepOwn: 0.9, fitMargin: true, n: 2 });
  assert.match(text, /the router that is used from here on: strict/);
  assert.match(text, /fitted on 45 labelled questions, 5 folds/);
  assert.match(text, /threshold of math +threshold of medical +margin/);
  assert.match(text, /30 held-out questions\nrouter +accuracy/);
  assert.match(text, /held out +language model +\d+\.\d%/);
  assert.match(text, /time for a decision\n[^]*questions\/s/);
  for (const name of ["before", "after", "accuracy"]) {
    for (const ending of ["svg", "png"]) assert.ok((await Deno.stat(`${path}/${name}.${ending}`)).size > 0, name);
  }
  const results = JSON.parse(await Deno.readTextFile(`${path}/results.json`));
  assert.deepEqual(Object.keys(results.heldOut), ["nearest utterance", "thresholds", "with none", "strict"]);
  assert.equal(results.heldOut["nearest utterance"].byLabel.none.recall, 0);
  assert.ok(results.heldOut.strict.accuracy > results.heldOut["nearest utterance"].accuracy);
  await withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const router = await loadRouter(`${path}/router.json`, embedder);
    assert.deepEqual([router.n, router.routes.map(({ name }) => name)], [2, ["math", "medical"]]);
    assert.ok(Object.values(router.limits.thresholds).every((threshold) => threshold > 0));
    await embedder.dispose();
  });
});

Deno.test("notebook 03 routes by files of routes and labelled questions, and refuses what does not fit", async () => {
  await using folder = await tempFolder();
  const things = [
    "lamp",
    "chair",
    "table",
    "clock",
    "mirror",
    "carpet",
    "shelf",
    "bed",
    "sofa",
    "stove",
    "desk",
    "bench",
  ];
  const routes = await writeRows(folder.path, "routes.jsonl", [
    { name: "billing", description: "Invoices.", utterances: ["Where is the invoice?", "Why did I pay twice?"] },
    { name: "returns", utterances: ["I want to send it back.", "It is broken."] },
  ]);
  const rows = things.flatMap((thing) => [
    { question: `Where is the invoice for the ${thing}?`, route: "billing" },
    { question: `I want to send the ${thing} back.`, route: "returns" },
    { question: `Who was the first king with a ${thing}?`, route: null },
  ]);
  const labelled = await writeRows(folder.path, "labelled.jsonl", rows);
  const { text, path } = await run(folder.path, { routes, labelled, folds: 2 });
  assert.match(text, /no language model is asked/);
  assert.match(text, /the questions are for the house's routes/);
  assert.match(text, /the router that is used from here on: thresholds/);
  assert.match(text, /fitted on 25 labelled questions, 2 folds/);
  assert.match(text, /11 held-out questions/);
  const results = JSON.parse(await Deno.readTextFile(`${path}/results.json`));
  assert.deepEqual(results.heldOut.thresholds.labels, ["billing", "returns", "none"]);
  assert.deepEqual(results.written, {});

  const refused = async (parameters: Record<string, string>, message: RegExp) =>
    await assert.rejects(
      run(folder.path, parameters),
      (error) => error instanceof CellError && message.test(error.message),
    );
  await refused({ routes }, /routes of your own need labelled questions of your own/);
  const unknown = await writeRows(folder.path, "unknown.jsonl", [...rows, { question: "Hm?", route: "sales" }]);
  await refused(
    { routes, labelled: unknown },
    /unknown\.jsonl, line 37: route: there is no such route; expected billing/,
  );
});
