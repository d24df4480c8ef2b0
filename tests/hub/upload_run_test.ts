import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../lib/adapters/mod.ts";
import { collectUpload, uploadRun } from "../../lib/hub/mod.ts";
import { resolveModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { chatMlTemplate } from "../../lib/tokenizer/mod.ts";
import { createRun, saveAdapterFolder } from "../../lib/train/mod.ts";
import { historyOf } from "../models/hub_repos.ts";
import { repo, withUploadHub } from "../models/hub_upload_case.ts";
import { llamaTokenizer } from "../support/llama_folder.ts";
import { inFolder, TINY_MODEL, withTinyModel } from "../support/tiny_model.ts";

/** A run as a notebook leaves it, with things beside it that are nobody else's. */
async function withRun(test: (run: string, adapterFolder: string) => Promise<void>): Promise<void> {
  await inFolder((outputs) =>
    withTinyModel(async (model) => {
      const run = await createRun("sft", { learningRate: 1e-3, maxTokens: 96, endpointToken: "hf_abcdefgh12" }, {
        outputs,
      });
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const tokenizer = (await llamaTokenizer()).withChatTemplate(chatMlTemplate);
      await saveAdapterFolder(`${run.path}/adapter`, { model, adapter, tokenizer, baseModel: TINY_MODEL });
      await run.logMetrics(1, { loss: 2.5 });
      await run.write("loss.svg", "<svg/>");
      await run.writeCard({ title: "A run", baseModel: TINY_MODEL, summary: "What was done.", results: [] });
      await run.close();
      for (
        const path of [
          "checkpoint-10/adapter_config.json",
          "completions.jsonl",
          "notes.jsonl",
          ".cache/x",
          "other/data.bin",
        ]
      ) {
        await Deno.mkdir(`${run.path}/${path}`.replace(/\/[^/]+$/, ""), { recursive: true });
        await Deno.writeTextFile(`${run.path}/${path}`, "{}");
      }
      await test(run.path, `${run.path}/adapter`);
    })
  );
}

Deno.test("collectUpload() takes of a run what others can use, and says what it leaves out", () =>
  withRun(async (run) => {
    const { files, notes } = await collectUpload(run);
    const paths = files.map(({ path }) => path);
    const events = paths.filter((path) => path.startsWith("runs/"));
    assert.ok(
      events.length === 1 && /^runs\/(.+\/)?events\.out\.tfevents\.\d+\.kiln\.0$/.test(events[0]),
      events.join(),
    );
    assert.deepEqual(paths.filter((path) => !path.startsWith("runs/")), [
      "README.md",
      "adapter_config.json",
      "adapter_model.safetensors",
      "chat_template.jinja",
      "loss.svg",
      "metrics.jsonl",
      "parameters.json",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    assert.deepEqual(notes, [
      "parameters.json goes up without endpointToken, which may be secret.",
      `adapter_config.json names "${TINY_MODEL}" as its base, which is no name on the hub: give one (--base-model owner/name), ` +
      "or whoever loads the adapter has to know its base.",
    ]);
    const only = await collectUpload(run, { include: ["adapter_*", "*.md"], exclude: ["*.safetensors"] });
    assert.deepEqual(only.files.map(({ path }) => path), ["README.md", "adapter_config.json"]);
    await assert.rejects(
      collectUpload(run, { part: "model" }),
      /model is no folder of an adapter or model; there are adapter, checkpoint-10/,
    );
    await assert.rejects(collectUpload(run, { baseModel: "data/models/x" }), /expected a name on the hub/);
    await assert.rejects(collectUpload(`${run}/absent`), /there is no such folder/);

    // An adapter that was saved by itself goes up with the tokenizer that it was trained with, or without one.
    for (const name of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"]) {
      await Deno.rename(`${run}/adapter/${name}`, `${run}/checkpoint-10/${name}`);
    }
    await Deno.mkdir(`${run}/checkpoint-20`);
    assert.deepEqual((await collectUpload(run)).files.map(({ path }) => path), paths);
    await Deno.remove(`${run}/checkpoint-10/tokenizer.json`);
    assert.match((await collectUpload(run)).notes.join(), /There is no tokenizer: .*base model's/);

    await Deno.remove(`${run}/adapter`, { recursive: true });
    await assert.rejects(collectUpload(run), /no adapter and no model.*can be uploaded by --part checkpoint-10/);
  }));

Deno.test("a run that goes up and comes down again is the same adapter, byte for byte", () =>
  withRun(async (run, adapterFolder) => {
    await withUploadHub(async (hub, _folder, options) => {
      const { page, committed } = await uploadRun(run, repo, {
        ...options,
        baseModel: "Kiln/base",
        commitMessage: "The run",
      });
      assert.equal(page, `${hub.endpoint}/${repo}`);
      assert.ok(committed.includes("adapter_model.safetensors"));
      assert.deepEqual(historyOf(hub.repos.get(`models/${repo}`)!, "main"), ["initial commit", "The run"]);
      assert.deepEqual(hub.problems, []);

      const folder = await resolveModel(repo, options);
      for (const { name } of Deno.readDirSync(folder)) {
        if (name === "adapter_config.json") continue;
        assert.deepEqual(
          await Deno.readFile(`${folder}/${name}`),
          await Deno.readFile(`${adapterFolder}/${name}`),
          name,
        );
      }
      const config = (path: string) => JSON.parse(Deno.readTextFileSync(`${path}/adapter_config.json`));
      assert.deepEqual(config(folder), { ...config(adapterFolder), base_model_name_or_path: "Kiln/base" });
      await withTinyModel(async (model) => {
        const [here, there] = [await loadAdapter(model, adapterFolder), await loadAdapter(model, folder)];
        assert.deepEqual([...there.factors.keys()], [...here.factors.keys()]);
      });

      const again = await uploadRun(run, repo, { ...options, baseModel: "Kiln/base" });
      assert.deepEqual([again.committed, again.sent], [[], []]);
    })();
  }));

Deno.test("collectUpload() keeps a run's data and secrets also where a model lies right in its folder, and begins are no parts", () =>
  withRun(async (run) => {
    const kept = ["trainer.json", "train_data.jsonl", "eval_data.jsonl", "start_adapter/adapter_config.json"];
    await Deno.mkdir(`${run}/start_adapter`);
    for (const path of kept) await Deno.writeTextFile(`${run}/${path}`, "{}");
    await assert.rejects(collectUpload(run, { part: "start_adapter" }), /there are adapter, checkpoint-10/);

    await Deno.writeTextFile(`${run}/model.gguf`, "GGUF");
    const { files } = await collectUpload(run);
    const paths = files.map(({ path }) => path);
    assert.ok(paths.includes("model.gguf"));
    for (const path of [...kept, "completions.jsonl", "notes.jsonl"]) assert.ok(!paths.includes(path), path);
    const parameters = files.find(({ path }) => path === "parameters.json")!.source;
    assert.equal(JSON.parse(new TextDecoder().decode(parameters as Uint8Array)).endpointToken, "(left out)");
  }));
