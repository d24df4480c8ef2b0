/** Text that the tiny model writes on TensorFlow.js, with keys and values kept on its side. */
import assert from "node:assert/strict";
import { loadAdapter } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import { generate, type GenerateOptions, loadModel } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, GOLDEN } from "../../support/golden.ts";
import { TINY_MODEL } from "../../support/tiny_model.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

const ADAPTER = `${GOLDEN}lora/all_linear`;
const onnxRuntime = await createEngine({ threads: 1 });

const random = new Random("prompts");
const prompts = [5, 1, 9, 3].map((length) => Array.from({ length }, () => random.integer(2, 95)));

/** Completions of the prompts, with and without an adapter. */
async function write(engine: Engine, withAdapter: boolean, options: Omit<GenerateOptions, "prompts">) {
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = withAdapter ? await loadAdapter(model, ADAPTER) : undefined;
  const completions = (await generate(model, { prompts, adapter, maxNewTokens: 10, stopTokenIds: [], ...options }))
    .flat();
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  return completions;
}

for (const [on, engine] of ENGINES) {
  for (const withAdapter of [false, true]) {
    const what = `${on}${withAdapter ? ", with an adapter" : ""}`;

    Deno.test(`generate() on ${what}: greedy text and its log-probabilities are ONNX Runtime's`, async () => {
      for (const maxBatchRows of [64, 3]) {
        const options = { temperature: 0, maxBatchRows };
        const expected = await write(onnxRuntime, withAdapter, options);
        assert.ok(expected.every(({ tokenIds }) => tokenIds.length === 10));
        const actual = await leavingNothing(engine, () => write(engine, withAdapter, options));
        assert.deepEqual(actual.map(({ tokenIds }) => tokenIds), expected.map(({ tokenIds }) => tokenIds));
        actual.forEach(({ logProbs }, i) => assertClose(logProbs, expected[i].logProbs, `${what}: greedy ${i}`, 1e-5));
      }
    });
  }

  Deno.test(`generate() on ${on} draws the samples that ONNX Runtime draws from a seed`, async () => {
    const options = { temperature: 0.9, samples: 3, seed: 5 };
    const expected = await write(onnxRuntime, false, options);
    const actual = await leavingNothing(engine, () => write(engine, false, options));
    assert.deepEqual(actual.map(({ tokenIds }) => tokenIds), expected.map(({ tokenIds }) => tokenIds));
  });
}
