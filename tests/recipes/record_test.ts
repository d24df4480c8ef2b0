import assert from "node:assert/strict";
import { REASONING_PREFILL } from "../../lib/data/mod.ts";
import { describeRewards, gsm8kFiveRewards, gsm8kTagRewards, sft, startRun } from "../../lib/train/mod.ts";
import { createLora } from "../../lib/adapters/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { inFolder, TINY_MODEL, withTinyModel } from "../support/tiny_model.ts";

const trainDataset = [
  { ids: [5, 6, 7, 8, 1], lossMask: [false, false, true, false, true] },
  { ids: [9, 10, 1], lossMask: [true, true, true] },
];

Deno.test("a trainer writes options, adapter and data into the folder of a run, and nothing into others", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const adapter = await createLora(model, new Random(1), { r: 2, loraAlpha: 4, targetModules: ["q_proj"] });
      const run = await startRun("small", {}, { outputs: folder });
      const train = async (outputDir: string, given = {}) => {
        const options = { model, adapter, trainDataset, outputDir, maxSteps: 1, learningRate: 1e-2, signal: undefined };
        for await (const step of sft({ ...options, onNote: () => {}, ...given })) await run.log(step);
      };
      await train(`${folder}/elsewhere`);
      const elsewhere = Array.from(Deno.readDirSync(`${folder}/elsewhere`), ({ name }) => name);
      assert.deepEqual(elsewhere, ["checkpoint-1"]);

      await train(run.path, { baseModel: TINY_MODEL });
      const record = JSON.parse(await Deno.readTextFile(`${run.path}/trainer.json`));
      assert.equal(record.trainer, "sft");
      assert.deepEqual([record.options.learningRate, record.options.adamEpsilon, record.options.maxLength], [
        0.01,
        1e-8,
        128,
      ]);
      assert.deepEqual(record.given, ["adapter", "model", "onNote", "trainDataset"]);
      assert.deepEqual([record.totalSteps, record.model.baseModel], [1, TINY_MODEL]);
      assert.deepEqual(record.data, { train: { rows: 2, numbers: 8, file: "train_data.jsonl" }, evaluation: null });
      const rows = (await Deno.readTextFile(`${run.path}/train_data.jsonl`)).trimEnd().split("\n").map((row) =>
        JSON.parse(row)
      );
      assert.deepEqual(rows, [{ ids: [5, 6, 7, 8, 1], trained: [[2, 3], [4, 5]] }, {
        ids: [9, 10, 1],
        trained: [[0, 3]],
      }]);
      // The first training has changed the adapter: as it is now, the second one began with it.
      assert.equal(record.adapter.begunBefore, true);
      assert.ok(Deno.statSync(`${run.path}/start_adapter/adapter_model.safetensors`).size > 0);
      const { r, loraAlpha, targetModules } = record.adapter;
      assert.deepEqual({ r, loraAlpha, targetModules }, { r: 2, loraAlpha: 4, targetModules: ["q_proj"] });
      await run.close();
      for (const factor of adapter.factors.values()) factor.dispose();
    })
  ));

Deno.test("describeRewards() knows the library's rewards, and keeps the source of others", () => {
  const own = {
    short: ({ completions }: { completions: string[] }) => completions.map((text) => text.length < 9 ? 1 : 0),
  };
  const described = describeRewards({ ...gsm8kTagRewards({ prefill: REASONING_PREFILL }), ...own }, { short: 0.2 });
  assert.deepEqual(described.correctness, {
    weight: 1,
    known: { name: "gsm8kTagRewards.correctness", prefill: REASONING_PREFILL },
    source: null,
  });
  assert.equal(described.short.weight, 0.2);
  assert.match(described.short.source!, /text\.length < 9/);
  assert.deepEqual(Object.values(describeRewards(gsm8kFiveRewards())).map(({ known }) => known?.name), [
    ..."correctness int strictFormat softFormat xmlcount".split(" ").map((name) => `gsm8kFiveRewards.${name}`),
  ]);
});
