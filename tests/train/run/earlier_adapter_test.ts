import assert from "node:assert/strict";
import { createLora, loadAdapter, saveAdapter } from "../../../lib/adapters/mod.ts";
import { saveModel } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { createRun, earlierAdapter } from "../../../lib/train/mod.ts";
import { inFolder, TINY_MODEL, withTinyModel } from "../../support/tiny_model.ts";

Deno.test("earlierAdapter() takes the newest run's adapter if it belongs to the model, and says why if not", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const outputs = `${folder}/outputs`;
      const baseModel = `${folder}/model`;
      await saveModel(model, baseModel);
      const look = async (adapter = "newest", base = baseModel) => {
        const found = await earlierAdapter({ adapter, run: "grpo", outputs, model, baseModel: base });
        assert.equal(found.adapter === null, found.beginsWith.startsWith("a new adapter"), found.beginsWith);
        return found;
      };
      /** A run whose adapter is of this rank, for that base. */
      const addRun = async (r: number | null, base = baseModel) => {
        const run = await createRun("grpo", {}, { outputs });
        await run.close();
        if (r === null) return run.path;
        const adapter = await createLora(model, new Random(r), { r });
        await saveAdapter(model, adapter, `${run.path}/adapter`, { baseModel: base });
        return run.path;
      };
      assert.match((await look()).beginsWith, /there is no run called grpo in .*outputs$/);
      assert.match((await look("none")).beginsWith, /as asked for/);

      await addRun(2);
      const second = await addRun(3);
      const found = await look();
      assert.equal(found.beginsWith, `the adapter in ${second}/adapter`);
      const same = await loadAdapter(model, `${second}/adapter`);
      assert.deepEqual(found.adapter!.factors.keys().toArray(), same.factors.keys().toArray());
      assert.equal(found.adapter!.r, 3);
      // A folder may be written in another way than the adapter names it.
      assert.equal((await look("newest", `${folder}/outputs/../model`)).adapter!.r, 3);
      assert.match((await look("newest", TINY_MODEL)).beginsWith, /belongs to .*model, not to .*tied/);

      await Deno.utime(`${baseModel}/model.safetensors`, new Date(), new Date(Date.now() + 60_000));
      assert.match((await look()).beginsWith, /is older than the weights of/);
      assert.equal((await look(`${second}/adapter`)).adapter!.r, 3, "a folder that is named is taken all the same");

      await addRun(null);
      assert.match((await look()).beginsWith, /grpo-003\/adapter has no adapter: that run did not end/);
      const broken = await addRun(2, "");
      await Deno.truncate(`${broken}/adapter/adapter_model.safetensors`, 100);
      await Deno.utime(`${baseModel}/model.safetensors`, new Date(), new Date(0));
      assert.match((await look()).beginsWith, /adapter_model\.safetensors/);
      await assert.rejects(look(`${broken}/adapter`), /adapter_model\.safetensors/);
      await Deno.writeTextFile(`${broken}/adapter/adapter_config.json`, "[]");
      assert.match((await look()).beginsWith, /adapter_config\.json is not an adapter's configuration/);
    })
  ));

Deno.test("earlierAdapter() takes the newest run that had the parameters asked for", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const [outputs, baseModel] = [`${folder}/outputs`, `${folder}/model`];
      await saveModel(model, baseModel);
      for (const [recipe, r] of [["qwen", 2], ["r1-distill", 3], ["qwen", 4], ["r1-distill", 5]] as const) {
        const run = await createRun("sft", { recipe, sizes: [1, 2] }, { outputs });
        await run.close();
        await saveAdapter(model, await createLora(model, new Random(r), { r }), `${run.path}/adapter`, { baseModel });
      }
      const rankOf = async (parameters?: Record<string, unknown>) => {
        const found = await earlierAdapter({ adapter: "newest", run: "sft", parameters, outputs, model, baseModel });
        return found.adapter?.r ?? found.beginsWith;
      };
      assert.equal(await rankOf(), 5);
      assert.equal(await rankOf({ recipe: "qwen" }), 4);
      assert.equal(await rankOf({ recipe: "qwen", sizes: [1, 2] }), 4);
      assert.match(String(await rankOf({ recipe: "dpo" })), /there is no run called sft with \{"recipe":"dpo"\} in/);
    })
  ));
