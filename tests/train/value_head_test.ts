import assert from "node:assert/strict";
import { createLora, loraParameterCount, saveAdapter } from "../../lib/adapters/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate, createCritic, loadCritic, saveCritic, VALUE_HEAD } from "../../lib/train/mod.ts";
import { PpoCritic } from "../../lib/train/ppo_critic.ts";
import { assertClose } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { inFolder, numbersOf, withTinyModel } from "../support/tiny_model.ts";
import { drawnCritic, randomEpisodes } from "./ppo_runs.ts";

Deno.test("createCritic() makes an adapter and a head that says 0 of every state", () =>
  withTinyModel(async (model) => {
    const made = await createCritic(model, new Random(1), { r: 2 });
    const plain = await createLora(model, new Random(1), { r: 2 });
    assert.equal(loraParameterCount(made), loraParameterCount(plain) + model.config.hiddenSize);
    assert.deepEqual(made.factors.get(VALUE_HEAD)!.shape, [1, 32]);
    const critic = new PpoCritic(model, made);
    const values = await critic.values(collate(randomEpisodes(3, 1), 0));
    assert.ok(values.length > 0 && values.every((value) => value === 0));
    assert.throws(
      () => new PpoCritic(model, plain),
      /expected factors with a value head "score" of \[1, 32\], got none/,
    );
    await critic.dispose();
  }));

Deno.test("PpoCritic.backward() agrees with finite differences of its values", () =>
  withTinyModel(async (model) => {
    const adapter = await drawnCritic(model);
    const critic = new PpoCritic(model, adapter);
    const batch = collate(randomEpisodes(3, 2), 0);
    const random = new Random(8);
    const weights = batch.wanted.rows.map(() => random.uniform(-1, 1));
    const loss = async () => (await critic.values(batch)).reduce((sum, value, i) => sum + weights[i] * value, 0);
    const gradients = new Map<string, Float32Array>();
    await critic.backward(batch, () => weights, async (name, gradient) => {
      gradients.set(name, (await model.engine.read(gradient) as Float32Array).slice());
      gradient.dispose();
    }, 0);
    assert.deepEqual([...gradients.keys()].sort(), [...adapter.factors.keys()].sort());
    // Along one random direction for each of some factors: float32 keeps about three digits of a difference.
    for (const name of [VALUE_HEAD, "model.layers.0.self_attn.q_proj.lora_B", "model.layers.2.mlp.down_proj.lora_A"]) {
      const data = adapter.factors.get(name)!.data as Float32Array;
      const start = data.slice();
      const direction = start.map(() => random.uniform(-1, 1));
      const at = async (step: number) => {
        data.set(start.map((value, i) => value + step * direction[i]));
        const value = await loss();
        data.set(start);
        return value;
      };
      const step = 2e-3;
      const expected = (await at(step) - await at(-step)) / (2 * step);
      const actual = gradients.get(name)!.reduce((sum, value, i) => sum + value * direction[i], 0);
      assertClose([actual], [expected], name, 1e-2);
    }
    await critic.dispose();
  }));

Deno.test("loadCritic() reads what saveCritic() wrote, bit for bit, and names what does not fit", () =>
  withTinyModel(async (model) => {
    const critic = await drawnCritic(model);
    await inFolder(async (folder) => {
      await saveCritic(model, critic, `${folder}/critic`, { baseModel: "tiny" });
      const config = JSON.parse(await Deno.readTextFile(`${folder}/critic/adapter_config.json`));
      assert.deepEqual([config.task_type, config.modules_to_save], ["SEQ_CLS", ["score"]]);
      const loaded = await loadCritic(model, `${folder}/critic`);
      assertSameNumbers(await numbersOf(model, loaded.factors), await numbersOf(model, critic.factors), "critic");
      const { factors: _, ...options } = critic;
      assert.deepEqual({ ...loaded, factors: undefined }, { ...options, factors: undefined });
      const plain = await createLora(model, new Random(1), { r: 2 });
      await saveAdapter(model, plain, `${folder}/plain`, { baseModel: "tiny" });
      await assert.rejects(
        loadCritic(model, `${folder}/plain`),
        /adapter_model.safetensors: there is no tensor "base_model.model.score.weight"/,
      );
      await assert.rejects(loadCritic(model, `${folder}/none`), /none\/adapter_config.json: cannot be read/);
    });
  }));
