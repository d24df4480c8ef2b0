import assert from "node:assert/strict";
import { createRun } from "../../lib/train/mod.ts";

Deno.test("createRun() numbers runs, writes parameters, logs rows and a card", async () => {
  const outputs = await Deno.makeTempDir();
  const first = await createRun("grpo", { steps: 3 }, { outputs });
  const second = await createRun("grpo", {}, { outputs });
  assert.equal(first.path, `${outputs}/grpo-001`);
  assert.equal(second.path, `${outputs}/grpo-002`);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${first.path}/parameters.json`)), { steps: 3 });
  await first.logMetrics(1, { loss: 0.5 });
  await first.logMetrics(2, { loss: 0.25 });
  assert.equal(
    await Deno.readTextFile(`${first.path}/metrics.jsonl`),
    '{"step":1,"loss":0.5}\n{"step":2,"loss":0.25}\n',
  );
  await first.logCompletions(1, [{
    promptIds: [1],
    completionIds: [2],
    terminated: true,
    prompt: "p",
    completion: "c",
    rewards: { correctness: 1 },
    reward: 1,
    advantage: 0,
  }]);
  const [row] = (await Deno.readTextFile(`${first.path}/completions.jsonl`)).trim().split("\n").map((x) =>
    JSON.parse(x)
  );
  assert.deepEqual(row, {
    step: 1,
    prompt: "p",
    completion: "c",
    rewards: { correctness: 1 },
    reward: 1,
    advantage: 0,
    terminated: true,
  });
  await first.writeCard({
    title: "A run",
    baseModel: "some/model",
    summary: "It ran.",
    results: [{ measure: "accuracy | greedy", before: "1%", after: "2%" }],
  });
  const card = await Deno.readTextFile(`${first.path}/README.md`);
  assert.match(card, /base_model: "some\/model"/);
  assert.match(card, /\| accuracy \\\| greedy \| 1% \| 2% \|/);
  await first.close();
  await second.close();
  await Deno.remove(outputs, { recursive: true });
});

Deno.test("createRun() refuses a name that could leave the folder", async () => {
  await assert.rejects(createRun("../x", {}), /run name/);
});
