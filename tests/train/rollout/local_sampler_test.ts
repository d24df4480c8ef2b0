import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { localSampler, type LocalSamplerOptions } from "../../../lib/train/mod.ts";
import { EOS, withTinyModel } from "../../support/tiny_model.ts";

const prompts = [[5, 6, 7], [8], [9, 10]];

/** Token ids of one call. */
async function draw(options: LocalSamplerOptions, round = 0): Promise<readonly (readonly number[])[]> {
  const sampler = localSampler({ maxCompletionLength: 6, ...options });
  const completions = await sampler.sample({ prompts, samples: 3, round });
  await sampler.dispose();
  return completions.map(({ tokenIds }) => tokenIds);
}

Deno.test("localSampler() draws the same in every run, and differently in another round or with another seed", () =>
  withTinyModel(async (model) => {
    const first = await draw({ model });
    assert.equal(first.length, 9);
    assert.deepEqual(await draw({ model }), first);
    assert.notDeepEqual(await draw({ model }, 1), first);
    assert.notDeepEqual(await draw({ model, seed: 43 }), first);
    assert.deepEqual(await draw({ model, seed: "42" }), first, "a number and its text are the same seed");
  }));

Deno.test("localSampler() gives all completions of the first prompt, then of the second, and says which were cut off", () =>
  withTinyModel(async (model) => {
    const sampler = localSampler({ model, maxCompletionLength: 40, temperature: 2 });
    const completions = await sampler.sample({ prompts, samples: 8, round: 0 });
    const alone = await sampler.sample({ prompts: prompts.slice(0, 1), samples: 8, round: 0 });
    await sampler.dispose();
    assert.deepEqual(completions.slice(0, 8), alone, "a completion does not depend on the batch it was drawn in");
    for (const { tokenIds, terminated } of completions) {
      assert.equal(terminated, tokenIds.at(-1) === EOS);
      assert.ok(!tokenIds.slice(0, -1).includes(EOS));
      assert.ok(terminated || tokenIds.length === 40);
    }
    assert.ok(completions.some(({ terminated }) => terminated) && completions.some(({ terminated }) => !terminated));
  }));

Deno.test("localSampler() sees the adapter's factors as they are at each call", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2, loraAlpha: 64 });
    const base = await draw({ model, temperature: 0 });
    const sampler = localSampler({ model, adapter, temperature: 0, maxCompletionLength: 6 });
    const sample = async () =>
      (await sampler.sample({ prompts, samples: 3, round: 0 })).map(({ tokenIds }) => tokenIds);
    assert.deepEqual(await sample(), base, "a new adapter changes nothing");
    const random = new Random(2);
    for (const [name, factor] of adapter.factors) {
      if (name.endsWith("lora_B")) (factor.data as Float32Array).forEach((_, i, b) => b[i] = random.normal());
    }
    assert.notDeepEqual(await sample(), base);
    await sampler.dispose();
  }));

Deno.test("localSampler() without an adapter sees the model's weights as they are at each call", () =>
  withTinyModel(async (model) => {
    const sampler = localSampler({ model, temperature: 0, maxCompletionLength: 6 });
    const sample = () => sampler.sample({ prompts, samples: 1, round: 0 });
    const before = await sample();
    const random = new Random(3);
    (model.weight("model.layers.1.mlp.up_proj.weight").data as Float32Array)
      .forEach((_, i, weight) => weight[i] = random.normal());
    assert.notDeepEqual(await sample(), before);
    await sampler.dispose();
  }));

Deno.test("localSampler() stops when the signal is aborted, with the signal's reason", () =>
  withTinyModel(async (model) => {
    const abort = new AbortController();
    const sampler = localSampler({
      model,
      maxCompletionLength: 100,
      temperature: 2,
      onProgress: ({ finished }) => finished > 0 && abort.abort(new Error("stopped by the user")),
    });
    const sampled = sampler.sample({ prompts, samples: 8, round: 0, signal: abort.signal });
    await assert.rejects(sampled, /stopped by the user/);
    await sampler.dispose();
  }));

Deno.test("localSampler() names the prompt that is too long or not of this model", () =>
  withTinyModel(async (model) => {
    const sampler = localSampler({ model, maxCompletionLength: 100 });
    const sample = (prompt: number[]) => sampler.sample({ prompts: [[5], prompt], samples: 2, round: 0 });
    await assert.rejects(
      sample(new Array(29).fill(5)),
      /prompts\[1\]: its 29 tokens and maxNewTokens 100 .* 128 positions/,
    );
    await assert.rejects(sample([5, 96]), /prompts\[1\]: token id 96 is outside the model's vocabulary of 96/);
    await sampler.dispose();
  }));
