import assert from "node:assert/strict";
import { createModel, generate } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { answerFrom, localAnswerModel } from "../../../lib/retrieval/answer/mod.ts";
import { HOUSE_RECIPE } from "../../../lib/train/mod.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { result } from "./passages.ts";

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
  maxPositions: 2048,
  eosTokenIds: tokenizer.eosTokenIds,
};
const messages = [{ role: "system", content: "the cat" }, { role: "user", content: "the dog" }];

Deno.test("localAnswerModel() goes on from the chat template's text, greedily, and streams what it returns", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const local = localAnswerModel({ model, tokenizer });
    const pieces: string[] = [];
    const reply = await local.complete(messages, { maxNewTokens: 12, onText: (piece) => pieces.push(piece) });
    const prompt = tokenizer.encode(tokenizer.applyChatTemplate(messages, { addGenerationPrompt: true }));
    const [[{ text }]] = await generate(model, { prompts: [prompt], maxNewTokens: 12, temperature: 0, tokenizer });
    assert.equal(reply, text);
    assert.equal(pieces.join(""), reply);
    assert.ok(pieces.length > 1);
    assert.equal(await local.complete(messages, { maxNewTokens: 12 }), reply);
    assert.equal(local.countTokens("the cat"), tokenizer.encode("the cat").length);
    await local.dispose();
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  }));

Deno.test("localAnswerModel() rejects when it is aborted midway, and can be asked again", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const local = localAnswerModel({ model, tokenizer });
    const controller = new AbortController();
    const onText = () => controller.abort(new Error("enough"));
    const asked = local.complete(messages, { maxNewTokens: 500, signal: controller.signal, onText });
    await assert.rejects(asked, /enough/);
    assert.equal(typeof await local.complete(messages, { maxNewTokens: 3 }), "string");
    await local.dispose();
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  }));

Deno.test("answerFrom() with an untrained model gives an answer whose faults are told", () =>
  withEngine(async (engine) => {
    const model = await createModel(config, { engine, random: new Random(4) });
    const local = localAnswerModel({ model, tokenizer });
    const answer = await answerFrom("the cat?", [result("the cat sat on the mat")], { model: local, maxNewTokens: 8 });
    assert.equal(typeof answer.reply, "string");
    assert.equal(answer.isRefusal, false);
    assert.ok(answer.problems.length > 0);
    await local.dispose();
    await model.dispose();
  }));
