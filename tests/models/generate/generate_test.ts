import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../../lib/adapters/mod.ts";
import { Decoder, generate } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, GOLDEN, goldenJson } from "../../support/golden.ts";
import {
  randomPrompts,
  slowSample,
  smallModel,
  tokensOf,
  trainingLogProbs,
  withGoldenModel,
  withModel,
  withSmallModel,
} from "./models.ts";

interface Golden {
  greedy: { promptIds: number[]; completionIds: number[] }[];
}

for (const folder of ["tied", "untied"]) {
  for (const weights of ["frozen", "inputs"] as const) {
    Deno.test(`generate() gives transformers' greedy text of a ${folder} Qwen2 with ${weights} weights`, async () => {
      const { greedy } = await goldenJson<Golden>(`qwen2_tiny/${folder}.json`);
      await withGoldenModel(async (model) => {
        const decoder = new Decoder(model, { weights });
        const options = { decoder, temperature: 0, maxNewTokens: 20, stopTokenIds: [] };
        const together = await generate(model, { ...options, prompts: greedy.map(({ promptIds }) => promptIds) });
        assert.deepEqual(tokensOf(together), greedy.map(({ completionIds }) => [completionIds]));
        for (const { promptIds, completionIds } of greedy) {
          const alone = await generate(model, { ...options, prompts: [promptIds] });
          assert.deepEqual(tokensOf(alone), [[completionIds]]);
        }
        await decoder.dispose();
      }, folder);
    });
  }
}

Deno.test("generate() draws what sampling without cache and batch draws, whatever shares the batch", async () => {
  await withSmallModel(async (model) => {
    const prompts = randomPrompts([7, 1, 20, 7]);
    prompts.push(prompts[0]);
    const options = { seed: 3, temperature: 0.8, maxNewTokens: 12 };
    const expected = await Promise.all(prompts.map((promptIds, promptIndex) =>
      Promise.all(
        [0, 1, 2].map((sampleIndex) => slowSample(model, promptIds, { ...options, promptIndex, sampleIndex })),
      )
    ));
    const decoder = new Decoder(model);
    for (const maxBatchRows of [64, 5, 1]) {
      const completions = await generate(model, {
        ...options,
        prompts,
        samples: 3,
        stopTokenIds: [],
        maxBatchRows,
        decoder,
      });
      completions.forEach((samples, promptIndex) =>
        samples.forEach((completion, sampleIndex) => {
          const { tokenIds, logProbs } = expected[promptIndex][sampleIndex];
          assert.deepEqual(completion.tokenIds, tokenIds, `prompt ${promptIndex}, sample ${sampleIndex}`);
          assertClose(completion.logProbs, logProbs, "log-probabilities", 1e-4);
          assert.deepEqual([completion.promptIndex, completion.sampleIndex], [promptIndex, sampleIndex]);
          assert.equal(completion.finishReason, "length");
        })
      );
    }
    await decoder.dispose();
  });
});

Deno.test("generate() draws another text for another seed, sample and prompt index", async () => {
  await withSmallModel(async (model) => {
    const [prompt] = randomPrompts([5]);
    const options = { samples: 2, maxNewTokens: 20, stopTokenIds: [] };
    const first = await generate(model, { ...options, prompts: [prompt, prompt], seed: 1 });
    const second = await generate(model, { ...options, prompts: [prompt], seed: "another" });
    const texts = [...first.flat(), ...second.flat()].map(({ tokenIds }) => tokenIds.join());
    assert.equal(new Set(texts).size, 6);
  });
});

Deno.test("generate() returns the log-probabilities that training computes, with and without an adapter", async () => {
  await withGoldenModel(async (model) => {
    const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
    const decoder = new Decoder(model, { adapter });
    const prompts = randomPrompts([9, 4], 96);
    const texts: number[][][][] = [];
    for (const used of [adapter, null]) {
      for (const temperature of [0.7, 1, 0]) {
        const options = { prompts, samples: 2, maxNewTokens: 15, temperature, decoder, adapter: used };
        const completions = await generate(model, { ...options, stopTokenIds: [], topK: 20 });
        for (const { promptIndex, tokenIds, logProbs } of completions.flat()) {
          // Greedy text is scored at temperature 1.
          const scored = { adapter: used, temperature: temperature || 1 };
          const expected = await trainingLogProbs(model, prompts[promptIndex], tokenIds, scored);
          assertClose(logProbs, expected, `adapter ${used ? "on" : "off"} at ${temperature}`, 1e-4);
        }
        texts.push(tokensOf(completions));
      }
    }
    assert.notDeepEqual(texts[2], texts[5], "the adapter changes nothing");
    const base = await generate(model, { prompts, maxNewTokens: 15, temperature: 0, stopTokenIds: [] });
    assert.deepEqual(tokensOf(base), texts[5].map(([first]) => [first]));
    await decoder.dispose();
  });
});

Deno.test("generate() follows an adapter that training changes, without compiling again", async () => {
  await withSmallModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 4 });
    const decoder = new Decoder(model, { adapter });
    const prompts = randomPrompts([6]);
    const options = { prompts, temperature: 0, maxNewTokens: 10, adapter, decoder };
    const [[before]] = await generate(model, options);
    const random = new Random(2);
    for (const factor of adapter.factors.values()) {
      const data = factor.data as Float32Array;
      data.forEach((_, i) => data[i] = random.normal());
    }
    const [[after]] = await generate(model, options);
    assert.notDeepEqual(after.tokenIds, before.tokenIds);
    assertClose(after.logProbs, await trainingLogProbs(model, prompts[0], after.tokenIds, { adapter }), "after", 1e-4);
    await decoder.dispose();
  });
});

Deno.test("generate() sees changed weights unless they are frozen", async () => {
  await withSmallModel(async (model) => {
    const options = { prompts: randomPrompts([6]), temperature: 0, maxNewTokens: 10 };
    const frozen = new Decoder(model);
    const before = await generate(model, { ...options, decoder: frozen });
    const weight = model.weight("model.layers.1.mlp.down_proj.weight").data as Float32Array;
    weight.forEach((value, i) => weight[i] = -value);
    const after = await generate(model, options);
    assert.notDeepEqual(tokensOf(after), tokensOf(before));
    assert.deepEqual(tokensOf(await generate(model, { ...options, decoder: frozen })), tokensOf(before));
    await frozen.dispose();
    const again = new Decoder(model);
    assert.deepEqual(tokensOf(await generate(model, { ...options, decoder: again })), tokensOf(after));
    await again.dispose();
  });
});

Deno.test("generate() ends each completion at its first stop token, and the others go on", async () => {
  await withSmallModel(async (model) => {
    const prompts = randomPrompts([3, 8, 5]);
    const options = { prompts, samples: 16, maxNewTokens: 30, seed: 5, maxBatchRows: 20 };
    const free = await generate(model, { ...options, stopTokenIds: [] });
    // Tokens that end some texts at once, several in one step, and some not at all.
    const stopTokenIds = [free[0][0].tokenIds[0], free[2][1].tokenIds[9], free[1][2].tokenIds[5]];
    const stopped = await generate(model, { ...options, stopTokenIds });
    const reasons = new Set<string>();
    stopped.flat().forEach((completion, i) => {
      const whole = free.flat()[i].tokenIds;
      const end = whole.findIndex((token) => stopTokenIds.includes(token));
      assert.deepEqual(completion.tokenIds, end < 0 ? whole : whole.slice(0, end + 1));
      assert.equal(completion.finishReason, end < 0 ? "length" : "stop");
      assert.equal(completion.logProbs.length, completion.tokenIds.length);
      reasons.add(completion.finishReason);
    });
    assert.deepEqual([...reasons].sort(), ["length", "stop"]);
    // The model's own end-of-text token is the default.
    const byDefault = await generate(model, { ...options, maxNewTokens: 200 });
    assert.ok(byDefault.flat().some(({ tokenIds }) => tokenIds.at(-1) === 0));
    assert.ok(byDefault.flat().every(({ tokenIds }) => !tokenIds.slice(0, -1).includes(0)));
  });
});

Deno.test("generate() gives the same text when the cache grows and shrinks", async () => {
  await withSmallModel(async (model) => {
    const decoder = new Decoder(model);
    const prompts = randomPrompts([60, 2, 130]);
    const options = { prompts, samples: 2, maxNewTokens: 150, stopTokenIds: [], decoder };
    const together = await generate(model, options);
    for (const { promptIndex, tokenIds, logProbs } of together.flat()) {
      assert.equal(tokenIds.length, 150);
      assertClose(logProbs, await trainingLogProbs(model, prompts[promptIndex], tokenIds), "log-probabilities", 1e-4);
    }
    // One after the other: short rows follow long ones in the same cache.
    assert.deepEqual(tokensOf(await generate(model, { ...options, maxBatchRows: 1 })), tokensOf(together));
    await decoder.dispose();
  });
});

Deno.test("generate() reads a prompt that is longer than one piece", async () => {
  await withModel((engine) => smallModel(engine, { maxPositions: 1200 }), async (model) => {
    const prompts = randomPrompts([1100, 512, 513, 1]);
    const completions = await generate(model, { prompts, maxNewTokens: 6, stopTokenIds: [] });
    for (const { promptIndex, tokenIds, logProbs } of completions.flat()) {
      assertClose(logProbs, await trainingLogProbs(model, prompts[promptIndex], tokenIds), `${promptIndex}`, 1e-4);
    }
  });
});

Deno.test("Decoder of several programs gives what one program gives", async () => {
  await withSmallModel(async (model) => {
    const options = { prompts: randomPrompts([5, 9]), samples: 2, maxNewTokens: 10 };
    const whole = new Decoder(model);
    const parts = new Decoder(model, { segmentBytes: 1 });
    const expected = await generate(model, { ...options, decoder: whole });
    assert.deepEqual(await generate(model, { ...options, decoder: parts }), expected);
    await whole.dispose();
    await parts.dispose();
  });
});
