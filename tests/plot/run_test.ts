import assert from "node:assert/strict";
import { JsonlError } from "../../lib/files/mod.ts";
import { lossCurve, readRun, readRuns } from "../../lib/plot/mod.ts";
import { texts } from "./drawing.ts";

async function inFolder(files: Record<string, string>, test: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${root}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    await test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const metrics = `{"step":1,"loss":3}\n{"step":2,"loss":null}\n{"step":3,"loss":2,"note":"resumed"}\n`;

Deno.test("readRun() reads metrics and completions, and drops a line that a crash cut off", async () => {
  const completions = `{"step":1,"advantage":0.5}\n`;
  await inFolder(
    { "a-001/metrics.jsonl": `${metrics}{"step":4,"lo`, "a-001/completions.jsonl": completions },
    async (root) => {
      const run = await readRun(`${root}/a-001/`);
      assert.equal(run.name, "a-001");
      assert.deepEqual(run.rows, [{ step: 1, loss: 3 }, { step: 2, loss: null }, {
        step: 3,
        loss: 2,
        note: "resumed",
      }]);
      assert.deepEqual(run.completions, [{ step: 1, advantage: 0.5 }]);
    },
  );
});

Deno.test("readRun() names the folder without metrics, and file and line of a row without a step", async () => {
  await inFolder({ "b/metrics.jsonl": `{"step":1}\n{"loss":2}\n` }, async (root) => {
    await assert.rejects(readRun(`${root}/none`), /none has no metrics\.jsonl/);
    await assert.rejects(readRun(`${root}/b`), (error) => {
      assert.ok(error instanceof JsonlError);
      assert.match(error.message, /metrics\.jsonl, line 2: step: expected a number that counts steps/);
      return true;
    });
  });
});

Deno.test("readRuns() names runs by their folders or as asked, and draws them over each other", async () => {
  await inFolder({ "x/a-001/metrics.jsonl": metrics, "y/a-001/metrics.jsonl": metrics }, async (root) => {
    const named = await readRuns({ "rank 8": `${root}/x/a-001`, "rank 64": `${root}/y/a-001` });
    assert.deepEqual(Object.keys(named.runs), ["rank 8", "rank 64"]);
    assert.ok(texts(lossCurve(named)).includes("rank 64"));
    const byFolder = await readRuns([`${root}/x/a-001`, `${root}/y/a-001`]);
    assert.deepEqual(Object.keys(byFolder.runs), ["a-001", `${root}/y/a-001`]);
  });
});
