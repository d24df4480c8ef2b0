import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../lib/engine/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import {
  ENCODER_RECIPE,
  type EncoderRecipe,
  heldOutRecall,
  heldOutRecallByKind,
  trainEncoderTokenizer,
  trainHouseEncoder,
  wordRanker,
} from "../../lib/train/mod.ts";
import { anyText } from "../support/any_text.ts";

const RECIPE: EncoderRecipe = {
  ...ENCODER_RECIPE,
  config: { ...ENCODER_RECIPE.config, vocabSize: 700, hiddenSize: 32, intermediateSize: 48, layers: 1, heads: 2 },
  tokenizerPairs: 60,
  steps: 12,
  batchSize: 16,
};

const tokenizer = new Tokenizer("house encoder", await trainEncoderTokenizer(RECIPE));

Deno.test("trainEncoderTokenizer() gives words the same tokens wherever they stand and however they are written", () => {
  const plain = tokenizer.encode("velmona");
  for (const text of ["Velmona", " velmona ", "VELMONA", "Vélmona", "velmo\u0301na"]) {
    assert.deepEqual(tokenizer.encode(text), plain, text);
  }
  const [open, close] = [tokenizer.encode("("), tokenizer.encode(")")];
  assert.deepEqual(tokenizer.encode("(Velmona) velmona"), [...open, ...plain, ...close, ...plain]);
});

Deno.test("trainEncoderTokenizer() puts one token before a text and never runs out of tokens", () => {
  assert.equal(tokenizer.vocabSize, 700);
  fc.assert(
    fc.property(anyText({ maxLength: 40 }), (text) => {
      const ids = tokenizer.encode(text, { addSpecialTokens: true, allowSpecial: false });
      assert.equal(ids[0], tokenizer.tokenToId("[CLS]"));
      assert.deepEqual(ids.slice(1), tokenizer.encode(text, { allowSpecial: false }));
      assert.ok(ids.every((id) => id > 0 && id < 700));
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(tokenizer.encode("", { addSpecialTokens: true }), [1]);
});

Deno.test("trainEncoderTokenizer() knows the words of the pairs that it is given", async () => {
  const pair = { query: "what is glimmerwort?", passage: "Glimmerwort is a weed." };
  const files = await trainEncoderTokenizer(RECIPE, [{ kind: "weeds", weight: 1, pairAt: () => pair }]);
  const own = new Tokenizer("weeds", files);
  assert.equal(own.encode("glimmerwort").length, 1);
  assert.ok(tokenizer.encode("glimmerwort").length > 1);
});

Deno.test("trainHouseEncoder() learns from the pairs within a dozen steps", async () => {
  const engine = await createEngine({ threads: 1 });
  const { encoder, run } = await trainHouseEncoder(RECIPE, { engine, tokenizer });
  const losses: number[] = [];
  let recall = 0;
  for await (const { metrics } of run) {
    losses.push(metrics.loss);
    recall = metrics["eval_recall@1"];
  }
  assert.equal(losses.length, 12);
  assert.ok(recall > 0.1 && recall <= 1, `${recall}`);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  assert.ok(mean(losses.slice(-4)) < mean(losses.slice(0, 4)), `${losses}`);
  await encoder.dispose();
  await engine.dispose();
});

Deno.test("heldOutRecall() is the mean over the sorts of pairs", async () => {
  const byKind = await heldOutRecallByKind(wordRanker, { pool: 20 });
  const each = Object.values(byKind);
  const all = await heldOutRecall(wordRanker, { pool: 20 });
  assert.deepEqual(Object.keys(all), ["recall@1", "recall@5", "recall@10"]);
  for (const [name, value] of Object.entries(all)) {
    const mean = each.reduce((sum, metrics) => sum + metrics[name], 0) / each.length;
    assert.ok(Math.abs(value - mean) < 1e-12);
  }
  assert.ok(byKind.titles["recall@1"] > 0.9);
});
