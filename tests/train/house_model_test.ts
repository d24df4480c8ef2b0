import assert from "node:assert/strict";
import { weightShapes } from "../../lib/models/mod.ts";
import { Tokenizer, tokenizerFiles } from "../../lib/tokenizer/mod.ts";
import {
  HOUSE_RECIPE,
  houseDocuments,
  type HousePhase,
  type HouseRecipe,
  type HouseRunOptions,
  houseTasks,
  type Metrics,
  mixtureParts,
  pretrainHouseModel,
  type TokenizedExample,
  trainHouseTokenizer,
} from "../../lib/train/mod.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { collect, inFolder, numbersOf, withEngine } from "../support/tiny_model.ts";

/** The recipe in a size that trains within a second. */
const small: HouseRecipe = {
  ...HOUSE_RECIPE,
  config: {
    ...HOUSE_RECIPE.config,
    vocabSize: 420,
    hiddenSize: 32,
    intermediateSize: 48,
    layers: 1,
    heads: 2,
    headDim: 16,
  },
  tokenizer: { ...HOUSE_RECIPE.tokenizer, documents: 100 },
  phases: HOUSE_RECIPE.phases.map((phase) => ({ ...phase, steps: 2, warmupSteps: 1 })),
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
  const [turn, end] = ["<|im_start|>assistant\n", "<|im_end|>"];
  const phases = HOUSE_RECIPE.phases.map((phase) => ({ ...phase, learnedWhole: 0 }));
  for (const phase of phases) {
    const documents = houseDocuments({ ...HOUSE_RECIPE, phases }, phase, tokenizer);
    for (let index = 0; index < 12; index++) {
      const { ids, lossMask } = documents.next().value as TokenizedExample;
      assert.ok(lossMask.includes(true) && lossMask.includes(false));
      for (const [token, learned] of lossMask.entries()) {
        const begins = learned && !lossMask[token - 1];
        const ends = learned && !lossMask[token + 1];
        const [before, after] = [tokenizer.decode(ids.slice(0, token)), tokenizer.decode(ids.slice(token + 1))];
        // A search's results interrupt a turn; they are read only.
        if (begins) assert.ok(before.endsWith(turn) || before.endsWith("</query_res>"), before);
        const last = tokenizer.decode([ids[token]]);
        if (ends) assert.ok(last === end || after.startsWith("<query_res>"), `${last} before ${after}`);
      }
    }
  }
});

Deno.test("houseDocuments() learns a share of the documents whole", () => {
  const phases = [{ ...HOUSE_RECIPE.phases[1], learnedWhole: 0.4 }];
  const documents = houseDocuments({ ...HOUSE_RECIPE, phases }, phases[0], tokenizer);
  const whole = Array.from({ length: 200 }, () => documents.next().value as TokenizedExample)
    .filter(({ lossMask }) => lossMask.every((learned) => learned)).length;
  assert.ok(Math.abs(whole - 80) < 20, `${whole}`);
});

Deno.test("mixtureParts() names a corpus that there is not", () => {
  const { habits } = HOUSE_RECIPE.tokenizer;
  assert.throws(
    () => mixtureParts({ shares: { weather_reports: 1 }, habits }),
    /there is no corpus "weather_reports"; there are word_problems/,
  );
});

Deno.test("houseTasks() are all that is read, but drills, and the conditions that are left for a notebook", () => {
  const read = HOUSE_RECIPE.phases.flatMap(({ shares }) => Object.keys(shares));
  const tasks = houseTasks().map(({ corpus }) => corpus.name);
  assert.deepEqual(new Set([...tasks, "drills"]), new Set([...read, "vignettes_new"]));
  assert.equal(new Set(tasks).size, tasks.length);
});

Deno.test("houseDocuments() gives every phase texts of its own, the same in every run", () => {
  const first = (phase: HousePhase) => {
    const documents = houseDocuments(HOUSE_RECIPE, phase, tokenizer);
    return Array.from({ length: 20 }, () => tokenizer.decode((documents.next().value as TokenizedExample).ids));
  };
  const texts = HOUSE_RECIPE.phases.flatMap(first);
  assert.equal(new Set(texts).size, texts.length);
  assert.deepEqual(HOUSE_RECIPE.phases.flatMap(first), texts);
  const foreign = { ...HOUSE_RECIPE.phases[0], name: "mine" };
  assert.throws(() => houseDocuments(HOUSE_RECIPE, foreign, tokenizer).next(), /phase "mine" is not one of the recipe/);
});

Deno.test("pretrainHouseModel() trains the same model twice from one recipe, and another from another seed", () =>
  withEngine(async (engine) => {
    const train = async (recipe: HouseRecipe) => {
      const { model, run } = await pretrainHouseModel(recipe, { engine, tokenizer });
      assert.deepEqual(model.config.eosTokenIds, tokenizer.eosTokenIds);
      const steps = await collect(run);
      await model.dispose();
      return steps;
    };
    const steps = await train(small);
    const total = 2 * small.phases.length;
    assert.deepEqual(
      steps.map(({ step, totalSteps }) => [step, totalSteps]),
      Array.from({ length: total }, (_, index) => [index + 1, total]),
    );
    const losses = steps.map(({ metrics }) => metrics.loss);
    assert.ok(Math.abs(losses[0] - Math.log(420)) < 0.2, "a new model knows nothing");
    const tokens = steps.map(({ metrics }) => metrics.num_tokens);
    assert.ok(tokens.every((count, i) => i === 0 || count > tokens[i - 1]), "tokens are counted through all phases");
    // The first step of a warm-up has a learning rate of 0; a constant one has none.
    const rates = steps.map(({ metrics }) => metrics.learning_rate);
    const expected = small.phases.flatMap((
      { learningRate, lrSchedulerType },
    ) => [lrSchedulerType === "constant" ? learningRate : 0, learningRate]);
    assert.deepEqual(rates, expected);
    assert.deepEqual((await train(small)).map(({ metrics }) => metrics.loss), losses);
    assert.notDeepEqual((await train({ ...small, seed: 2 })).map(({ metrics }) => metrics.loss), losses);
    assert.equal(engine.bytesInUse, 0, "everything is freed");
  }));

Deno.test("pretrainHouseModel() resumed in any phase goes on as if it had never stopped", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      const train = async (options: HouseRunOptions, curve: Record<number, Metrics>, stopAfter = Infinity) => {
        const { model, run } = await pretrainHouseModel(small, { engine, tokenizer, ...options });
        for await (const { step, metrics: { step_time: _, ...metrics } } of run) {
          curve[step] = metrics;
          if (step === stopAfter) break;
        }
        const weights = await numbersOf(model, model.weights);
        await model.dispose();
        return weights;
      };
      const whole: Record<number, Metrics> = {};
      const weights = await train({}, whole);
      const total = small.phases.reduce((sum, { steps }) => sum + steps, 0);
      for (const stopAfter of [1, small.phases[0].steps, small.phases[0].steps + 1]) {
        const options = { outputDir: `${folder}/${stopAfter}`, saveSteps: 1, resumeFromCheckpoint: true };
        const curve: Record<number, Metrics> = {};
        await train(options, curve, stopAfter);
        assertSameNumbers(await train(options, curve), weights, `stopped at ${stopAfter} of ${total}`);
        assert.deepEqual(curve, whole, `stopped at ${stopAfter} of ${total}`);
      }
    })
  ));

Deno.test("pretrainHouseModel() refuses a tokenizer with more tokens than the recipe's vocabulary", () =>
  withEngine(async (engine) => {
    const recipe = { ...small, config: { ...small.config, vocabSize: 300 } };
    await assert.rejects(pretrainHouseModel(recipe, { engine, tokenizer }), /420 tokens.* vocab_size is 300/);
  }));
