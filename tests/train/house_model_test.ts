import assert from "node:assert/strict";
import { weightShapes } from "../../lib/models/mod.ts";
import { Tokenizer, tokenizerFiles } from "../../lib/tokenizer/mod.ts";
import {
  HOUSE_RECIPE,
  houseDocuments,
  type HouseRecipe,
  pretrainHouseModel,
  type TokenizedExample,
  trainHouseTokenizer,
} from "../../lib/train/mod.ts";
import { collect, withEngine } from "../support/tiny_model.ts";

/** The recipe in a size that trains within a second. */
const small: HouseRecipe = {
  ...HOUSE_RECIPE,
  config: {
    ...HOUSE_RECIPE.config,
    vocabSize: 400,
    hiddenSize: 32,
    intermediateSize: 48,
    layers: 1,
    heads: 2,
    headDim: 16,
  },
  tokenizerDocuments: 100,
  phases: HOUSE_RECIPE.phases.map((phase, i) => ({ ...phase, steps: 2 - i, warmupSteps: 1 })),
  perDeviceTrainBatchSize: 2,
};
const tokenizer = new Tokenizer("small", tokenizerFiles(await trainHouseTokenizer(small)));

Deno.test("the house model fits its 10 MB in bfloat16, and its tokenizer fits the model", () => {
  const { config } = HOUSE_RECIPE;
  const weights = Object.values(weightShapes({ ...config, eosTokenIds: [] }))
    .reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
  assert.ok(2 * weights < 10e6, `${2 * weights} bytes`);
  assert.equal(config.heads * config.headDim, config.hiddenSize);
  assert.equal(tokenizer.vocabSize, small.config.vocabSize);
});

Deno.test("houseDocuments() trains on the assistant's words and their end, and on nothing else", () => {
  const documents = houseDocuments(HOUSE_RECIPE, HOUSE_RECIPE.phases[0], tokenizer);
  const [turn, end] = ["<|im_start|>assistant\n", "<|im_end|>"];
  for (let index = 0; index < 20; index++) {
    const { ids, lossMask } = documents.next().value as TokenizedExample;
    const [text, learned] = [ids, ids.filter((_, i) => lossMask[i])].map((list) => tokenizer.decode(list));
    const reply = text.slice(text.lastIndexOf(turn) + turn.length);
    assert.ok(learned.endsWith(end) || learned.endsWith(`${end}\n`), learned);
    assert.ok(reply.startsWith(learned), `${learned} is not the reply of ${text}`);
    assert.ok(learned.length > end.length && learned.length < text.length);
  }
});

Deno.test("pretrainHouseModel() trains the same model twice from one recipe, and another from another seed", () =>
  withEngine(async (engine) => {
    const losses = async (recipe: HouseRecipe) => {
      const { model, run } = await pretrainHouseModel(recipe, { engine, tokenizer });
      assert.deepEqual(model.config.eosTokenIds, tokenizer.eosTokenIds);
      const steps = await collect(run);
      await model.dispose();
      assert.deepEqual(steps.map(({ step, totalSteps }) => [step, totalSteps]), [[1, 3], [2, 3], [3, 3]]);
      const tokens = steps.map(({ metrics }) => metrics.num_tokens);
      assert.ok(tokens[0] < tokens[1] && tokens[1] < tokens[2], "tokens are counted through the phases");
      return steps.map(({ metrics }) => metrics.loss);
    };
    const first = await losses(small);
    assert.equal(first.length, 3);
    assert.ok(Math.abs(first[0] - Math.log(400)) < 0.2, "a new model knows nothing");
    assert.deepEqual(await losses(small), first);
    assert.notDeepEqual(await losses({ ...small, seed: 2 }), first);
    assert.equal(engine.bytesInUse, 0, "everything is freed");
  }));

Deno.test("pretrainHouseModel() refuses a tokenizer with more tokens than the recipe's vocabulary", () =>
  withEngine(async (engine) => {
    const recipe = { ...small, config: { ...small.config, vocabSize: 300 } };
    await assert.rejects(pretrainHouseModel(recipe, { engine, tokenizer }), /400 tokens.* vocab_size is 300/);
  }));
