import assert from "node:assert/strict";
import fc from "fast-check";
import { exportRecipe, type Json, RECIPE_TOOLS, RecipeError, type RecipeTool } from "../../lib/recipes/mod.ts";
import { toYaml } from "../../lib/recipes/yaml.ts";
import { fieldsOf } from "../../lib/recipes/mapping.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { HOUSE_MODEL, withHouseModel } from "../support/house_model.ts";
import { inFolder } from "../support/in_folder.ts";
import { dpoRun, freeAdapters, grpoRun, ppoRun, type RunMaker, sftRun, turnsRun } from "../support/recipe_runs.ts";
import { problemsOf } from "./fields.ts";

/** Makes a run and gives its folder to a test. */
function withRun(make: (maker: RunMaker) => Promise<string>, test: (run: string, folder: string) => Promise<void>) {
  return inFolder((folder) =>
    withHouseModel(async ({ model, tokenizer }) => {
      const maker: RunMaker = { model, tokenizer, outputs: folder, adapters: [] };
      try {
        await test(await make(maker), folder);
      } finally {
        freeAdapters(maker);
      }
    })
  );
}

const lines = async (path: string): Promise<Record<string, Json>[]> =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

/** What holds for all recipes. */
async function checkRecipe(run: string, to: RecipeTool, gpus: number) {
  const { folder, files, mapping } = await exportRecipe({ run, to, gpus });
  assert.equal(folder, `${run}/recipe-${to}`);
  const fields = fieldsOf(mapping);
  assert.deepEqual(problemsOf(to, mapping.method, fields), []);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${folder}/mapping.json`)), mapping);
  const page = await Deno.readTextFile(`${folder}/MAPPING.md`);
  for (const { option } of mapping.options) {
    assert.ok(page.includes(` ${option} `) || page.includes(`**${option}**`), option);
  }
  const record = JSON.parse(await Deno.readTextFile(`${run}/trainer.json`));
  const listed = mapping.options.map(({ option }) => option);
  const derived = ["prompts", "losses", "reference", "scorePrompts", "gradientAccumulationSteps"];
  for (const name of [...Object.keys(record.options), ...record.given]) {
    assert.ok(listed.includes(name) || derived.includes(name), `${name} of the run is in no list`);
  }
  const unknown = mapping.options.filter(({ note }) => note.includes("no such option, and took no notice"));
  assert.deepEqual(unknown, []);
  const readme = await Deno.readTextFile(`${folder}/README.md`);
  assert.match(readme, /pip install -r requirements.txt/);
  assert.match(await Deno.readTextFile(`${folder}/requirements.txt`), /^(trl|llamafactory|verl(\[vllm\])?)==[\d.]+$/m);
  return { folder, files, mapping, fields, readme };
}

Deno.test("exportRecipe() takes a run's name, and without a number the newest of that name", () =>
  withRun(sftRun, async (run, outputs) => {
    const numbered = run.split("/").at(-1)!;
    for (const name of [numbered, numbered.replace(/-\d+$/, "")]) {
      assert.equal(
        (await exportRecipe({ run: name, outputs, to: "llamafactory" })).folder,
        `${run}/recipe-llamafactory`,
      );
    }
    await assert.rejects(exportRecipe({ run: "absent", outputs, to: "trl" }), /has no run called absent/);
    const output = `${outputs}/notes.txt`;
    await Deno.writeTextFile(output, "mine");
    await assert.rejects(exportRecipe({ run, to: "llamafactory", output }), /notes.txt is a file: expected a folder/);
  }));

Deno.test("exportRecipe() of a GRPO run: TRL with vLLM and rewards, verl with a reward function, no LLaMA-Factory", () =>
  withRun(grpoRun, async (run) => {
    const { folder, fields, files } = await checkRecipe(run, "trl", 2);
    assert.ok(files.includes("train.py") && files.includes("rewards.py") && files.includes("accelerate.yaml"));
    assert.equal(await Deno.readTextFile(`${folder}/config.yaml`), toYaml(fields));
    assert.match(
      await Deno.readTextFile(`${folder}/accelerate.yaml`),
      /distributed_type: DEEPSPEED[^]*num_processes: 2/,
    );
    const { use_vllm, reward_weights, use_bias_correction_kl, lora_dropout, per_device_train_batch_size: rows } =
      fields;
    const per = [
      use_vllm,
      reward_weights,
      use_bias_correction_kl,
      lora_dropout,
      rows,
      fields.gradient_accumulation_steps,
    ];
    assert.deepEqual(per, [true, [1, 0.5], false, 0, 4, 1]);
    const [first] = await lines(`${folder}/data/train.jsonl`);
    assert.deepEqual(Object.keys(first), ["prompt", "answer", "question"]);
    assert.match(String(first.prompt), /^<\|im_start\|>system[^]*<\|im_start\|>assistant\n<think>\n$/);
    const rewards = await Deno.readTextFile(`${folder}/rewards.py`);
    assert.match(
      rewards,
      /def correctness\(completions, answer, \*\*_\):[^]*tag_correctness\("<think>\\n" \+ text, gold\)/,
    );
    assert.match(rewards, /def format\(completions, \*\*_\):/);

    const other = await checkRecipe(run, "verl", 2);
    assert.equal(other.fields["actor_rollout_ref.actor.ppo_mini_batch_size"], 2);
    assert.equal(other.fields["data.train_batch_size"], 2);
    assert.equal(other.fields["actor_rollout_ref.rollout.n"], 4);
    assert.deepEqual(other.mapping.options.filter(({ matters }) => matters).map(({ option }) => option), [
      "lrSchedulerType",
    ]);
    assert.match(other.readme, /lrSchedulerType: .*cosine/);
    await assert.rejects(exportRecipe({ run, to: "llamafactory" }), /no stage for GRPO: --to trl and --to verl/);
  }));

Deno.test("exportRecipe() of an SFT run writes for every tool the tokens that were trained on", () =>
  withRun((maker) => sftRun(maker, { packing: true }), async (run) => {
    const recorded = await lines(`${run}/train_data.jsonl`);
    const trl = await checkRecipe(run, "trl", 1);
    const rows = await lines(`${trl.folder}/data/train.jsonl`);
    assert.deepEqual(rows.map(({ input_ids }) => input_ids), recorded.map(({ ids }) => ids));
    assert.equal((await lines(`${trl.folder}/data/eval.jsonl`)).length, 4);
    assert.deepEqual([trl.fields.packing, trl.fields.eval_steps, trl.fields.lr_scheduler_type], [true, 1, "cosine"]);

    const factory = await checkRecipe(run, "llamafactory", 2);
    const info = JSON.parse(await Deno.readTextFile(`${factory.folder}/data/dataset_info.json`));
    assert.deepEqual(Object.keys(info), ["kiln_train", "kiln_eval"]);
    assert.equal(info.kiln_train.file_name, "train.jsonl");
    const [row] = await lines(`${factory.folder}/data/train.jsonl`);
    assert.match(String(row.instruction), /^<\|im_start\|>user\n[^]*<\|im_start\|>assistant\n$/);
    assert.match(String(row.output), /<\|im_end\|>\n$/);
    assert.match(factory.readme, /Its tokens are the run's\./);
    assert.match(factory.readme, /FORCE_TORCHRUN=1 NPROC_PER_NODE=2 llamafactory-cli train train\.yaml/);
    assert.deepEqual([factory.fields.neat_packing, factory.fields.cutoff_len], [true, 129]);

    const verl = await checkRecipe(run, "verl", 1);
    assert.ok(verl.files.includes("data/train.parquet") && verl.files.includes("data/eval.parquet"));
    assert.equal(verl.mapping.options.find(({ option }) => option === "packing")!.matters, true);
  }));

Deno.test("exportRecipe() of chats with masks inside: tokens for TRL, turns for LLaMA-Factory", () =>
  withRun(turnsRun, async (run) => {
    const { folder } = await checkRecipe(run, "trl", 1);
    const [row] = await lines(`${folder}/data/train.jsonl`);
    assert.match((row.completion_mask as number[]).join(""), /^0+1+0+1+0+$/);
    const factory = await checkRecipe(run, "llamafactory", 1);
    const [{ conversations }] = await lines(`${factory.folder}/data/train.jsonl`);
    assert.deepEqual((conversations as { from: string }[]).map(({ from }) => from), ["human", "gpt", "human", "gpt"]);
    assert.equal((conversations as { value: string }[])[3].value, "14<|im_end|>");
  }));

Deno.test("exportRecipe() of DPO takes the adapter along that training began with, also as the reference", () =>
  withRun((maker) => dpoRun(maker), async (run) => {
    const trl = await checkRecipe(run, "trl", 2);
    assert.deepEqual([trl.fields.loss_type, trl.fields.loss_weights], [["sigmoid", "sft"], [1, 0.5]]);
    assert.equal(trl.fields.start_adapter, "start_adapter");
    assert.ok(trl.files.includes("start_adapter/adapter_model.safetensors"));
    const [row] = await lines(`${trl.folder}/data/train.jsonl`);
    assert.deepEqual(Object.keys(row), ["prompt", "chosen", "rejected"]);
    const factory = await checkRecipe(run, "llamafactory", 2);
    assert.deepEqual([factory.fields.ref_model_adapters, factory.fields.pref_ftx], ["start_adapter", 0.5]);
    await assert.rejects(exportRecipe({ run, to: "verl" }), /verl .*no trainer for pairs: --to trl/);
  }));

Deno.test("exportRecipe() of DPO on chats gives TRL the tokens, which its train.py takes as they are", () =>
  withRun((maker) => dpoRun(maker, { chats: true }), async (run) => {
    const { folder } = await checkRecipe(run, "trl", 1);
    const recorded = await lines(`${run}/train_data.jsonl`);
    const rows = await lines(`${folder}/data/train.jsonl`);
    assert.deepEqual(
      rows,
      recorded.map(({ promptIds, chosenIds, rejectedIds }) => ({
        prompt_ids: promptIds,
        chosen_ids: chosenIds,
        rejected_ids: rejectedIds,
      })),
    );
    assert.match(await Deno.readTextFile(`${folder}/train.py`), /if "prompt_ids" not in dataset\.column_names/);
  }));

Deno.test("exportRecipe() refuses a loss that a tool does not know, and says who does", () =>
  withRun((maker) => dpoRun(maker, { lossType: "simpo" }), async (run) => {
    await assert.rejects(
      exportRecipe({ run, to: "trl" }),
      /lossType \["simpo"\]: .*--to llamafactory has pref_loss simpo/,
    );
    assert.equal((await checkRecipe(run, "llamafactory", 1)).fields.pref_loss, "simpo");
  }));

Deno.test("exportRecipe() of PPO on completions: verl's GAE with a critic, and its score clipped", () =>
  withRun(ppoRun, async (run) => {
    const { folder, fields } = await checkRecipe(run, "verl", 4);
    assert.equal(fields["algorithm.adv_estimator"], "gae");
    assert.equal(fields["critic.optim.lr"], 0.002);
    assert.equal(fields["critic.model.lora_rank"], 4);
    assert.equal(fields["actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu"], 1);
    assert.match(await Deno.readTextFile(`${folder}/rewards.py`), /min\(max\(score, -10\), 10\)/);
    await assert.rejects(exportRecipe({ run, to: "trl" }), /no PPO trainer any more: --to verl/);
    await assert.rejects(exportRecipe({ run, to: "llamafactory" }), /reward model.*--to verl/);
  }));

Deno.test("exportRecipe() of all weights trains no adapter, and its batch divides or is refused", () =>
  withRun((maker) => sftRun(maker, { allWeights: true }), async (run) => {
    const { fields, readme } = await checkRecipe(run, "trl", 4);
    assert.deepEqual([fields.use_peft, fields.dtype, fields.per_device_train_batch_size], [false, "float32", 1]);
    assert.match(readme, /output\/model/);
    assert.equal((await checkRecipe(run, "llamafactory", 1)).fields.finetuning_type, "full");
    await assert.rejects(exportRecipe({ run, to: "trl", gpus: 3 }), /expected one of 1, 2, 4/);
    await assert.rejects(exportRecipe({ run, to: "trl", gpus: 0 }), /gpus: expected a whole number from 1, got 0/);
  }));

Deno.test("exportRecipe() names another model where one is given, and computes in float32 where that is asked for", () =>
  withRun(sftRun, async (run, folder) => {
    const options = { run, model: "Qwen/Qwen2.5-0.5B", dtype: "float32" as const, output: `${folder}/elsewhere` };
    const { mapping, folder: written } = await exportRecipe({ ...options, to: "trl" });
    const fields = fieldsOf(mapping);
    assert.deepEqual([fields.model_name_or_path, fields.dtype, fields.bf16], ["Qwen/Qwen2.5-0.5B", "float32", false]);
    assert.equal(written, `${folder}/elsewhere`);
  }));

Deno.test("exportRecipe() marks what no recipe can hold: reward functions and games of the program's own", () =>
  withRun(grpoRun, async (run) => {
    const path = `${run}/trainer.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    record.rewards.format = { weight: 0.5, known: null, source: "({ completions }) =>\n  completions.map(() => 1)" };
    await Deno.writeTextFile(path, JSON.stringify(record));
    const { folder, mapping, readme } = await exportRecipe({ run, to: "trl" }).then(async (recipe) => ({
      ...recipe,
      readme: await Deno.readTextFile(`${recipe.folder}/README.md`),
    }));
    assert.equal(mapping.options.find(({ option }) => option === "rewards")!.matters, true);
    assert.match(
      readme,
      /rewards: format: written in the program here; rewards\.py has a place for each, which fails until/,
    );
    const rewards = await Deno.readTextFile(`${folder}/rewards.py`);
    assert.match(
      rewards,
      /def format\(completions, \*\*columns\):[^]*# {3}completions\.map\(\(\) => 1\)\n {4}raise NotImplementedError/,
    );

    const { episodes: _, rewards: __, ...rest } = record;
    const ppo = JSON.parse(JSON.stringify(rest));
    ppo.trainer = "ppo";
    Object.assign(ppo.options, { numPpoEpochs: 1, numMiniBatches: 2, klCoef: 0.01, gamma: 1, lam: 1 });
    ppo.episodes = { kind: "R3-RAG", questionsPerRound: 4, samples: 2, maxTurnTokens: 96 };
    await Deno.writeTextFile(path, JSON.stringify(ppo));
    const verl = await exportRecipe({ run, to: "verl" });
    const rollout = verl.mapping.options.find(({ option }) => option === "rollout")!;
    assert.match(rollout.note, /R3-RAG: episodes of several turns/);
    assert.equal(rollout.matters, true);
    assert.match(await Deno.readTextFile(`${verl.folder}/rewards.py`), /raise NotImplementedError\("R3-RAG: /);
    delete ppo.episodes;
    await Deno.writeTextFile(path, JSON.stringify(ppo));
    await assert.rejects(exportRecipe({ run, to: "verl" }), /rollout: an episode source of the program's own/);
  }));

Deno.test("exportRecipe() of data that were too many to be written down says where they belong", () =>
  withRun(sftRun, async (run) => {
    const path = `${run}/trainer.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    record.data.train = { rows: 5_000_000, numbers: 2e9, file: null };
    await Deno.writeTextFile(path, JSON.stringify(record));
    for (const to of RECIPE_TOOLS) {
      const { folder, files } = await exportRecipe({ run, to });
      assert.ok(!files.some((file) => file.startsWith("data/train.")));
      assert.match(
        await Deno.readTextFile(`${folder}/README.md`),
        /The 5,000,000 rows were too many for the run to write down/,
      );
    }
  }));

Deno.test("exportRecipe() leaves an earlier recipe whole when the disk is full, and a strange folder alone", () =>
  withRun(sftRun, async (run, folder) => {
    const { folder: recipe } = await exportRecipe({ run, to: "trl" });
    const before = await Deno.readTextFile(`${recipe}/config.yaml`);
    for (const failAt of [0, 5, 20, 40]) {
      const fileSystem = failingFileSystem(failAt);
      await assert.rejects(
        exportRecipe({ run, to: "trl", model: "other/model", fileSystem }),
        /disk is full|No space/i,
      );
      assert.equal(await Deno.readTextFile(`${recipe}/config.yaml`), before);
    }
    await exportRecipe({ run, to: "trl", model: "other/model" });
    assert.notEqual(await Deno.readTextFile(`${recipe}/config.yaml`), before);
    await Deno.mkdir(`${folder}/mine`);
    await Deno.writeTextFile(`${folder}/mine/thesis.txt`, "");
    await assert.rejects(
      exportRecipe({ run, to: "trl", output: `${folder}/mine` }),
      /holds something that is no recipe/,
    );
    const abort = AbortSignal.abort(new Error("stop"));
    await assert.rejects(exportRecipe({ run, to: "trl", output: `${folder}/never`, signal: abort }), /stop/);
    await assert.rejects(Deno.stat(`${folder}/never`), Deno.errors.NotFound);
  }));

Deno.test("exportRecipe() says what is wrong with a folder that is no run, or a run that cannot be exported", () =>
  withRun(sftRun, async (run, folder) => {
    const fails = (path: string, message: RegExp) => assert.rejects(exportRecipe({ run: path, to: "trl" }), message);
    await fails(`${folder}/nothing`, /nothing\/parameters\.json: there is no such file; expected the folder of a run/);
    await fails(HOUSE_MODEL, /kiln-tiny\/parameters\.json: there is no such file/);
    const record = await Deno.readTextFile(`${run}/trainer.json`);
    await Deno.remove(`${run}/trainer.json`);
    await fails(run, /trainer\.json: there is no such file; .*train again with outputDir: run\.path/);
    await Deno.writeTextFile(`${run}/trainer.json`, record.replace('"trainer": "sft"', '"trainer": "pretrain"'));
    await fails(run, /no recipe for trainer "pretrain"; expected one of sft, grpo, dpo, ppo/);
    await Deno.writeTextFile(`${run}/trainer.json`, record.replace('"rows": 8', '"rows": 9'));
    await fails(run, /train_data\.jsonl: 8 rows, and trainer\.json says 9/);
    await Deno.writeTextFile(
      `${run}/trainer.json`,
      record.replaceAll(/"(baseModel|folder)": "[^"]*"/g, '"$1": "./gone/model"'),
    );
    await fails(run, /the model's folder \.\/gone\/model is not there any more/);
    await assert.rejects(exportRecipe({ run, to: "axolotl" as RecipeTool }), /to "axolotl": expected one of trl/);
  }));

Deno.test("exportRecipe() reports damage of a record or of data with file and place, whatever it is", () =>
  withRun(sftRun, async (run) => {
    for (const file of ["trainer.json", "train_data.jsonl"]) {
      const bytes = await Deno.readFile(`${run}/${file}`);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, byte, isCut) => {
          const damaged = isCut ? bytes.slice(0, at) : bytes.slice();
          if (!isCut) damaged[at] = byte;
          await Deno.writeFile(`${run}/${file}`, damaged);
          try {
            await exportRecipe({ run, to: "trl" });
          } catch (error) {
            assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
            if (!(error instanceof RecipeError)) assert.match(error.message, /\w/);
          }
        }),
        { numRuns: 60 },
      );
      await Deno.writeFile(`${run}/${file}`, bytes);
    }
    assert.ok((await exportRecipe({ run, to: RECIPE_TOOLS[0] })).files.length > 5);
  }));
