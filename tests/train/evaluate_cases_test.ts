import assert from "node:assert/strict";
import type { GradedCase } from "../../lib/data/mod.ts";
import { createModel, generate } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { evaluateCases, evaluateHouseModel, heldOutCases, HOUSE_RECIPE } from "../../lib/train/mod.ts";
import { withEngine } from "../support/tiny_model.ts";
import { tinyTokenizer } from "../tokenizer/tiny.ts";

const tokenizer = tinyTokenizer();
const config = {
  ...HOUSE_RECIPE.config,
  vocabSize: tokenizer.vocabSize,
  hiddenSize: 16,
  intermediateSize: 32,
  layers: 1,
  heads: 2,
  kvHeads: 2,
  headDim: 8,
  eosTokenIds: tokenizer.eosTokenIds,
};
const asked = (content: string, rest: Partial<GradedCase> = {}): GradedCase => ({
  messages: [{ role: "user", content }],
  reference: "",
  grade: () => ({}),
  ...rest,
});

Deno.test("evaluateCases() grades what the model goes on with after the prefill, and averages each metric over its cases", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const grades: string[] = [];
    const cases = [
      asked("the cat", { prefill: "<think>\n", grade: (reply) => (grades.push(reply), { right: 1, format: 0.5 }) }),
      asked("the dog", { grade: (reply) => (grades.push(reply), { right: 0 }) }),
    ];
    const { metrics, replies } = await evaluateCases({ model, tokenizer, cases, maxNewTokens: 5 });
    const prompts = cases.map(({ messages, prefill = "" }) =>
      tokenizer.encode(tokenizer.applyChatTemplate(messages, { addGenerationPrompt: true }) + prefill)
    );
    const expected = await generate(model, { prompts, maxNewTokens: 5, temperature: 0, tokenizer });
    assert.deepEqual(grades, expected.map(([{ text }]) => text));
    assert.deepEqual(replies.map(({ reply }) => reply), grades);
    assert.deepEqual(metrics, { right: { value: 0.5, count: 2 }, format: { value: 0.5, count: 1 } });
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  }));

Deno.test("evaluateCases() ends a reply at its own case's stop text", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const [whole] = (await evaluateCases({ model, tokenizer, cases: [asked("the cat")], maxNewTokens: 8 })).replies;
    const stop = Array.from(whole.reply)[2];
    const cases = [asked("the cat", { stop }), asked("the cat"), asked("the cat", { stop })];
    const { replies } = await evaluateCases({ model, tokenizer, cases, maxNewTokens: 8 });
    const cut = whole.reply.slice(0, whole.reply.indexOf(stop));
    assert.deepEqual(replies.map(({ reply }) => reply), [cut, whole.reply, cut]);
    assert.notEqual(cut, whole.reply);
    await assert.rejects(evaluateCases({ model, tokenizer, cases: [] }), /there are no cases/);
    await model.dispose();
  }));

Deno.test("evaluateHouseModel() gives each task's metrics, drawn at temperature 1 as well where it says so", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const corpus = (name: string, cases: number) => ({
      name,
      exampleAt: (index: number) => ({
        kind: "",
        messages: [],
        cases: Array.from({ length: cases }, (_, i) => asked(`the cat ${index} ${i}`, { grade: () => ({ right: 1 }) })),
      }),
    });
    const tasks = [{ corpus: corpus("one", 2), sampled: true }, { corpus: corpus("for reading", 0) }];
    assert.deepEqual(await evaluateHouseModel({ model, tokenizer, tasks, cases: 3 }), [
      { corpus: "one", metric: "right", value: 1, count: 3 },
      { corpus: "one", metric: "right, sampled", value: 1, count: 3 },
    ]);
    assert.equal(heldOutCases(tasks[0].corpus, 3, "card").length, 3);
    await model.dispose();
  }));
