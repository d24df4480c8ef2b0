/** Generation of every family, by what transformers computed; `generate_test.ts` has what does not depend on the family. */
import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import { type CausalLM, Decoder, generate, loadModel } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../../support/golden.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { trainingLogProbs } from "./models.ts";

interface Golden {
  inputIds: number[][];
  lengths: number[];
  greedy: { promptIds: number[]; completionIds: number[] }[];
}

const MODELS = ["qwen2_tiny/tied", "qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased"];

const withModel = (name: string, run: (model: CausalLM, golden: Golden) => Promise<void>) =>
  withEngine(async (engine) => {
    const model = await loadModel(GOLDEN + name, { engine });
    await run(model, await goldenJson<Golden>(`${name}.json`));
    await model.dispose();
  });

for (const name of MODELS) {
  Deno.test(`Decoder of ${name} has transformers' logits at every token, read at once or one by one`, () =>
    withModel(name, async (model, { inputIds, lengths }) => {
      const logits = (await goldenTensors(`${name}.outputs.safetensors`)).get("logits")!;
      const [rows, tokens, { vocabSize }] = [inputIds.length, inputIds[0].length, model.config];
      const decoder = new Decoder(model);
      const policy = await decoder.policy(null, 1);
      for (const size of [tokens, 1]) {
        const cache = decoder.cache(rows, rows);
        for (let start = 0; start < tokens; start += size) {
          const scores = await decoder.run(policy, cache, {
            tokens: size,
            ids: BigInt64Array.from(inputIds.flatMap((row) => row.slice(start, start + size)), BigInt),
            counts: new Int32Array(rows).fill(size),
            chosen: BigInt64Array.from({ length: rows * size }, (_, i) => BigInt(i)),
          });
          const all = await model.engine.read(scores.tensors.logits) as Float32Array;
          for (let row = 0; row < rows; row++) {
            const count = Math.max(0, Math.min(size, lengths[row] - start));
            const [from, expected] = [row * size * vocabSize, (row * tokens + start) * vocabSize];
            const actual = all.subarray(from, from + count * vocabSize);
            const wanted = logits.subarray(expected, expected + count * vocabSize);
            assertClose(actual, wanted, `row ${row}, ${count} tokens from ${start}`);
          }
          scores.dispose();
        }
        cache.dispose();
      }
      policy.dispose();
      await decoder.dispose();
    }));

  Deno.test(`generate() gives transformers' greedy text of ${name}, batched and one by one`, () =>
    withModel(name, async (model, { greedy }) => {
      for (const weights of ["frozen", "inputs"] as const) {
        const decoder = new Decoder(model, { weights });
        const texts = async (prompts: number[][]) => {
          const options = { decoder, temperature: 0, maxNewTokens: 20, stopTokenIds: [] };
          return (await generate(model, { ...options, prompts })).map(([{ tokenIds }]) => tokenIds);
        };
        const expected = greedy.map(({ completionIds }) => completionIds);
        assert.deepEqual(await texts(greedy.map(({ promptIds }) => promptIds)), expected);
        for (const [i, { promptIds }] of greedy.entries()) assert.deepEqual(await texts([promptIds]), [expected[i]]);
        await decoder.dispose();
      }
    }));

  Deno.test(`generate() of ${name} returns the log-probabilities that training computes, with an adapter too`, () =>
    withModel(name, async (model, { greedy }) => {
      const random = new Random(name);
      const adapter = await createLora(model, random, { r: 2, loraAlpha: 4 });
      for (const [factor, tensor] of adapter.factors) {
        if (factor.endsWith("lora_B")) (tensor.data as Float32Array).forEach((_, i, all) => all[i] = random.normal());
      }
      const options = { prompts: greedy.map(({ promptIds }) => promptIds), samples: 2, maxNewTokens: 24, seed: 7 };
      for (const policy of [{ adapter: null }, { adapter }]) {
        const completions = (await generate(model, { ...options, ...policy, temperature: 0.8 })).flat();
        for (const { promptIndex, tokenIds, logProbs } of completions) {
          const expected = await trainingLogProbs(model, options.prompts[promptIndex], tokenIds, {
            ...policy,
            temperature: 0.8,
          });
          assertClose(logProbs, expected, `${policy.adapter ? "with" : "without"} adapter`);
        }
      }
    }));
}
