import assert from "node:assert/strict";
import { z } from "zod";
import { REASONING_PREFILL } from "../../lib/data/mod.ts";
import { readJsonl } from "../../lib/files/mod.ts";
import {
  describeRewards,
  gsm8kFiveRewards,
  gsm8kTagRewards,
  type RecordedRow,
  sft,
  startRun,
} from "../../lib/train/mod.ts";
import { recordRun } from "../../lib/train/run_record.ts";
import type { SessionSetup } from "../../lib/train/session_setup.ts";
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

Deno.test("a run that goes on keeps what its adapter was when it began, and one that may not leaves the record alone", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const adapter = await createLora(model, new Random(1), { r: 2, loraAlpha: 4, targetModules: ["q_proj"] });
      const run = await startRun("small", {}, { outputs: folder });
      const train = async (given = {}) => {
        const options = { model, adapter, trainDataset, outputDir: run.path, learningRate: 1e-2, maxSteps: 1 };
        for await (const _ of sft({ ...options, onNote: () => {}, ...given })) { /* Until it ends. */ }
      };
      const files = async () => ({
        record: JSON.parse(await Deno.readTextFile(`${run.path}/trainer.json`)),
        rows: await Deno.readTextFile(`${run.path}/train_data.jsonl`),
        names: Array.from(Deno.readDirSync(run.path), ({ name }) => name).filter((name) => !/^checkpoint-/.test(name)),
      });
      await train();
      const begun = await files();
      assert.equal(begun.record.adapter.begunBefore, false);
      // In this process the adapter has been trained by now.
      await train({ resumeFromCheckpoint: true, maxSteps: 2 });
      const { record, rows, names } = await files();
      assert.equal(record.totalSteps, 2);
      assert.deepEqual(record.adapter, begun.record.adapter);
      assert.deepEqual([rows, names.toSorted()], [begun.rows, begun.names.toSorted()]);

      const others = [{ ids: [4, 5, 6, 1], lossMask: [false, true, true, true] }];
      await assert.rejects(train({ resumeFromCheckpoint: true, maxSteps: 3, trainDataset: others }), /another run/);
      assert.deepEqual((await files()).record, record);
      assert.equal((await files()).rows, rows);
      await run.close();
      for (const factor of adapter.factors.values()) factor.dispose();
    })
  ));

Deno.test("recordRun() counts rows that are too many, or that JSON cannot hold, and leaves nothing of them", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/parameters.json`, "{}");
    const row = (columns: Record<string, unknown>) => ({ prompt: "four", addSpecialTokens: false, columns });
    const record = async (rows: () => Iterable<RecordedRow>) => {
      const setup = {
        ...{ trainer: "grpo", options: { outputDir: folder }, totalSteps: 1, stepsPerEpoch: 1 },
        ...{ model: { config: {}, parameterCount: 1 }, parts: { train: rows } },
      };
      await recordRun(setup as unknown as SessionSetup, {});
      const data = JSON.parse(await Deno.readTextFile(`${folder}/trainer.json`)).data.train;
      const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).toSorted();
      assert.deepEqual(names, ["parameters.json", ...(data.file ? [data.file] : []), "trainer.json"].toSorted());
      return data;
    };
    const some = [row({ answer: 1n }), row({ answer: "ü".repeat(300_000) }), row({})];
    assert.deepEqual(await record(() => some), { rows: 3, numbers: 12, file: "train_data.jsonl" });
    const { rows } = await readJsonl(`${folder}/train_data.jsonl`, z.looseObject({ columns: z.unknown() }));
    assert.deepEqual(rows.map(({ columns }) => columns), [{ answer: "1" }, some[1].columns, {}]);

    const large = row({ page: "x".repeat(2 ** 20) });
    assert.deepEqual(await record(() => Array(65).fill(large)), { rows: 65, numbers: 260, file: null });
    await record(() => some);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    assert.deepEqual(await record(() => [row({}), row(circle)]), { rows: 2, numbers: 8, file: null });
  }));

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
