import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { planMemory } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { grpo, type SampleRequest, sft } from "../../lib/train/mod.ts";
import { chooseKeptLayers } from "../../lib/train/kept_layers.ts";
import { collect, idTokenizer, randomExamples, withTinyModel } from "../support/tiny_model.ts";

const LARGEST = { batch: 4, tokens: 64 };

/** What a session is to the choice. */
function emptySession(keptLayers: number | null = null) {
  const notes: string[] = [];
  return { keptLayers, notes, note: (line: string) => void notes.push(line) };
}

Deno.test("chooseKeptLayers() plans by the budget for the largest batch, and notes it", () =>
  withTinyModel((model) => {
    const { config } = model;
    const most = planMemory(config, { trainable: "all", ...LARGEST, gradientCheckpointing: false }).bytes;
    const session = emptySession();
    const kept = chooseKeptLayers(session, model, undefined, { memoryBudget: 0.8 * most }, LARGEST);
    assert.ok(kept < config.layers);
    assert.equal(session.keptLayers, kept);
    assert.match(
      session.notes.join(),
      new RegExp(`^residuals of ${kept} of 3 layers kept: about \\d+ MB of a budget of`),
    );
    assert.equal(chooseKeptLayers(emptySession(), model, undefined, { memoryBudget: 1.01 * most }, LARGEST), 3);
    // No row can be longer than the model reads.
    const endless = { ...LARGEST, tokens: 1e6 };
    assert.equal(chooseKeptLayers(emptySession(), model, undefined, {}, endless), 3);
    return Promise.resolve();
  }));

Deno.test("chooseKeptLayers() keeps what a resumed run kept, unless told, and then says that the curve may differ", () =>
  withTinyModel((model) => {
    const choose = (kept: number, options: Parameters<typeof chooseKeptLayers>[3]) => {
      const session = emptySession(kept);
      const chosen = chooseKeptLayers(session, model, undefined, options, LARGEST);
      return { chosen, warned: session.notes.some((note) => /the curve may differ in its last bits/.test(note)) };
    };
    assert.deepEqual(choose(1, {}), { chosen: 1, warned: false });
    assert.deepEqual(choose(1, { memoryBudget: 1e12 }), { chosen: 3, warned: true });
    assert.deepEqual(choose(1, { gradientCheckpointing: true }), { chosen: 0, warned: true });
    assert.deepEqual(choose(3, { gradientCheckpointing: false }), { chosen: 3, warned: false });
    return Promise.resolve();
  }));

Deno.test("sft() trains the same whatever it keeps, and says what it keeps in its first step's notes", () =>
  withTinyModel(async (model) => {
    const curves: number[][] = [];
    for (
      const options of [{ gradientCheckpointing: true }, { gradientCheckpointing: false }, { memoryBudget: 4e5 }, {}]
    ) {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const shape = { perDeviceTrainBatchSize: 4, maxSteps: 4, learningRate: 1e-2 };
      const steps = await collect(sft({ model, adapter, trainDataset: randomExamples(16), ...shape, ...options }));
      assert.match(steps[0].notes!.join("\n"), /^residuals of [0123] of 3 layers kept: about \d MB of a budget of /);
      assert.ok(steps.slice(1).every(({ notes }) => notes === undefined));
      curves.push(steps.map(({ metrics }) => metrics.loss));
      adapter.factors.forEach((factor) => factor.dispose());
    }
    for (const curve of curves) curve.forEach((loss, step) => assert.ok(Math.abs(loss - curves[0][step]) < 1e-5));
  }));

Deno.test("grpo() plans for its longest prompt with the longest completion there may be", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    // A prompt of 40 tokens; completions are short, and may have 20.
    const prompt = Array.from({ length: 40 }, (_, i) => 2 + i).join(" ");
    const sampler = ({ samples }: SampleRequest) =>
      Promise.resolve(Array.from({ length: samples }, (_, i) => ({ tokenIds: [5 + i, 6], terminated: false })));
    const shape = { numGenerations: 4, perDeviceTrainBatchSize: 4, maxCompletionLength: 20, maxSteps: 1 };
    const rewards = { first: ({ completionIds }: { completionIds: number[][] }) => completionIds.map(([id]) => id) };
    const bytesOf = (tokens: number) =>
      planMemory(model.config, { adapter, trainable: "lora", batch: 4, tokens, gradientCheckpointing: false }).bytes;
    const kept = async (memoryBudget: number) => {
      const run = { model, adapter, tokenizer: idTokenizer, rewards, sampler, trainDataset: [{ prompt }] };
      const [{ notes }] = await collect(grpo({ ...run, ...shape, memoryBudget }));
      return Number(/^residuals of (\d) of 3 layers kept/.exec(notes!.join())![1]);
    };
    assert.equal(await kept(1.001 * bytesOf(60)), 3);
    assert.ok(await kept(0.999 * bytesOf(60)) < 3);
    adapter.factors.forEach((factor) => factor.dispose());
  }));
