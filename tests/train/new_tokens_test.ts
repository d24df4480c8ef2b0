/** Training adapters that carry token tables or rows of them: on a device, resumed, and by the other trainers. */
import assert from "node:assert/strict";
import { createLora, loadAdapter, modelWithTables, saveAdapter } from "../../lib/adapters/mod.ts";
import { type Engine } from "../../lib/engine/mod.ts";
import { generate, loadModel, resizeEmbeddings } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { dpo, grpo, listCheckpoints, localSampler, type Metrics, sft, type SftOptions } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { FarEngine } from "../support/far_engine.ts";
import { assertClose, GOLDEN } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { collect, idTokenizer, inFolder, numbersOf, TINY_MODEL, withEngine } from "../support/tiny_model.ts";

const KINDS = {
  "a tied table": { folder: TINY_MODEL, modulesToSave: ["embed_tokens"] as const },
  "both tables": { folder: `${GOLDEN}qwen2_tiny/untied`, modulesToSave: ["embed_tokens", "lm_head"] as const },
  "rows of a tied table": { folder: TINY_MODEL, trainableTokenIndices: [97, 5, 96] },
  "rows of both tables": { folder: `${GOLDEN}qwen2_tiny/untied`, trainableTokenIndices: [97, 5, 96] },
};

/** Rows of 4 to 9 tokens, among them the new ones, again and again. */
const examples = Array.from({ length: 12 }, (_, row) => {
  const random = new Random(row);
  const ids = Array.from(
    { length: random.integer(4, 9) },
    (_, i) => i % 2 === 1 ? 96 + random.integer(0, 1) : random.integer(2, 95),
  );
  return { ids, lossMask: ids.map((_, token) => token >= 2) };
});

const COMMON = {
  learningRate: 1e-2,
  weightDecay: 0.1,
  maxSteps: 5,
  perDeviceTrainBatchSize: 3,
  gradientAccumulationSteps: 2,
};

/** As a graphics card through ONNX Runtime's CUDA provider: weights that never change become part of programs. */
class CopyingEngine extends EngineAround {
  override get copiesFeeds() {
    return true;
  }
}

/** A run from the same beginning, and what it ended with. */
async function train(
  engine: Engine,
  { folder, ...carried }: { folder: string } & Parameters<typeof createLora>[2],
  options: Partial<SftOptions> = {},
  stopAfter = Infinity,
  vocabulary = 98,
) {
  const model = await loadModel(folder, { engine });
  const wider = await resizeEmbeddings(model, vocabulary);
  const adapter = await createLora(wider, new Random(1), { r: 2, ...carried });
  const before = await numbersOf(wider, wider.weights);
  const curve: Record<number, Metrics> = {};
  for await (const { step, metrics } of sft({ ...COMMON, model: wider, adapter, trainDataset: examples, ...options })) {
    const { step_time: _, ...rest } = metrics;
    curve[step] = rest;
    if (step === stopAfter) break;
  }
  assert.deepEqual(await numbersOf(wider, wider.weights), before, "the model's own tables stay");
  const weights = await numbersOf(wider, adapter.factors);
  const view = await modelWithTables(model, adapter);
  const [[{ tokenIds }]] = await generate(view, { prompts: [[5, 96, 7]], temperature: 0, maxNewTokens: 6, adapter });
  for (const one of [view, wider, model]) await one.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0, "all is freed");
  return { curve, weights, tokenIds };
}

for (const [kind, options] of Object.entries(KINDS)) {
  Deno.test(`sft() of an adapter with ${kind} is resumed after any step bit for bit`, () =>
    inFolder(async (folder) => {
      let whole: Awaited<ReturnType<typeof train>>;
      await withEngine(async (engine) => void (whole = await train(engine, options)));
      for (const stopAfter of [2, 4]) {
        const saved = { outputDir: `${folder}/${stopAfter}`, saveSteps: 1, resumeFromCheckpoint: true };
        let first: Awaited<ReturnType<typeof train>>, rest: Awaited<ReturnType<typeof train>>;
        await withEngine(async (engine) => void (first = await train(engine, options, saved, stopAfter)));
        assert.equal((await listCheckpoints(saved.outputDir)).length, stopAfter - 1);
        await withEngine(async (engine) => void (rest = await train(engine, options, saved)));
        assert.deepEqual({ ...first!.curve, ...rest!.curve }, whole!.curve);
        assertSameNumbers(rest!.weights, whole!.weights, `stopped after ${stopAfter}`);
      }
    }));

  Deno.test(`sft() of an adapter with ${kind} is the same where tensors are out of reach, and with residuals kept`, () =>
    withEngine(async (engine) => {
      const near = await train(engine, options, { gradientCheckpointing: true });
      const others = [
        await train(engine, options, { gradientCheckpointing: false }),
        await train(new FarEngine(engine), options),
        await train(new FarEngine(engine), options, { gradientCheckpointing: false }),
        await train(new CopyingEngine(engine), options, { gradientCheckpointing: false }),
      ];
      for (const other of others) {
        for (const [name, numbers] of near.weights) assertClose(other.weights.get(name)!, numbers, name, 1e-4);
        assert.deepEqual(other.tokenIds, near.tokenIds);
      }
    }));
}

Deno.test("sft() goes on with a saved adapter on the view that it is used with", () =>
  inFolder((folder) =>
    withEngine(async (engine) => {
      const outcomes = [];
      for (const used of [engine, new FarEngine(engine)]) {
        for (const kind of ["a tied table", "rows of a tied table"] as const) {
          const { folder: base, ...carried } = KINDS[kind];
          const model = await loadModel(base, { engine: used });
          const wider = await resizeEmbeddings(model, 98);
          const first = await createLora(wider, new Random(1), { r: 2, ...carried });
          await collect(sft({ ...COMMON, model: wider, adapter: first, trainDataset: examples }));
          await saveAdapter(wider, first, folder, { baseModel: base });
          const adapter = await loadAdapter(model, folder);
          const view = await modelWithTables(model, adapter);
          const steps = await collect(sft({ ...COMMON, model: view, adapter, trainDataset: examples }));
          const again = await modelWithTables(view, adapter);
          const prompts = [[5, 96, 7]];
          const completions = await generate(again, { prompts, temperature: 0, maxNewTokens: 6, adapter });
          outcomes.push({ loss: steps[4].metrics.loss, tokenIds: completions[0][0].tokenIds });
          for (const one of [again, view, wider, model]) await one.dispose();
          for (const one of [first, adapter]) one.factors.forEach((factor) => factor.dispose());
          assert.equal(used.bytesInUse, 0, "all is freed");
        }
      }
      const [table, rows, farTable, farRows] = outcomes;
      for (const [far, near] of [[farTable, table], [farRows, rows]]) {
        assertClose([far.loss], [near.loss], "the last loss", 1e-4);
        assert.deepEqual(far.tokenIds, near.tokenIds);
      }
    })
  ));

Deno.test("sft() is not resumed with other tables than it began with", () =>
  inFolder((folder) =>
    withEngine(async (engine) => {
      const saved = { outputDir: folder, saveSteps: 1, resumeFromCheckpoint: true };
      await train(engine, KINDS["rows of a tied table"], saved, 3);
      const other = { ...KINDS["rows of a tied table"], trainableTokenIndices: [97, 4, 96] };
      await assert.rejects(train(engine, other, saved), /trained.tokens was \[97,5,96\] and is \[97,4,96\]/);
      await assert.rejects(train(engine, KINDS["a tied table"], saved), /trained.tables was /);
    })
  ));

Deno.test("sft() with 8-bit moments trains tables", () =>
  withEngine(async (engine) => {
    // Moments of 4096 numbers or more are kept in 8 bits: here those of the table and no others.
    const run = (optim: "adamw" | "adamw8bit") =>
      train(engine, KINDS["a tied table"], { optim, learningRate: 3e-3, maxSteps: 8 }, Infinity, 160);
    const [plain, small] = [await run("adamw"), await run("adamw8bit")];
    const table = "model.embed_tokens.weight";
    assert.notDeepEqual(small.weights.get(table), plain.weights.get(table));
    assert.ok(small.curve[8].loss < small.curve[1].loss);
    assertClose([small.curve[8].loss], [plain.curve[8].loss], "the last loss", 0.02);
  }));

Deno.test("dpo() trains the tables of an adapter, with the model's own as the reference", () =>
  withEngine(async (engine) => {
    const model = await loadModel(TINY_MODEL, { engine });
    const wider = await resizeEmbeddings(model, 98);
    const adapter = await createLora(wider, new Random(1), { r: 2, modulesToSave: ["embed_tokens"] });
    const trainDataset = [
      { promptIds: [2, 96], chosenIds: [97, 1], rejectedIds: [96, 1] },
      { promptIds: [7, 8, 96], chosenIds: [97, 97, 1], rejectedIds: [3, 1] },
    ];
    const steps = await collect(dpo({ model: wider, adapter, trainDataset, maxSteps: 6, learningRate: 1e-2 }));
    assertClose([steps[0].metrics.loss], [Math.log(2)], "the first loss", 1e-5);
    assert.ok(steps[5].metrics.loss < 0.5, `${steps[5].metrics.loss}`);
    adapter.factors.forEach((factor) => factor.dispose());
    await wider.dispose();
    await model.dispose();
  }));

Deno.test("grpo() refuses an adapter that carries tables, and says what to do", () =>
  withEngine(async (engine) => {
    const model = await loadModel(TINY_MODEL, { engine });
    const adapter = await createLora(model, new Random(1), { r: 2, modulesToSave: ["embed_tokens"] });
    const sampler = localSampler({ model, adapter, maxCompletionLength: 4, seed: 3 });
    const run = grpo({
      model,
      adapter,
      tokenizer: idTokenizer,
      trainDataset: [{ prompt: "2 3" }, { prompt: "5 6" }],
      rewards: { none: ({ completionIds }) => completionIds.map(() => 0) },
      sampler: sampler.sample,
      maxSteps: 1,
      numGenerations: 2,
      perDeviceTrainBatchSize: 2,
      maxCompletionLength: 4,
    });
    await assert.rejects(
      collect(run),
      /grpo trains no adapter that carries a token table or head: merge it into modelWithTables/,
    );
    await sampler.dispose();
    adapter.factors.forEach((factor) => factor.dispose());
    await model.dispose();
  }));
