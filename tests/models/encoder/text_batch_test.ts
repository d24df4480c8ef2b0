import assert from "node:assert/strict";
import fc from "fast-check";
import { MASKED } from "../../../lib/kernels/mod.ts";
import { collateTexts, type EncoderConfig } from "../../../lib/models/encoder/mod.ts";

const CONFIG: EncoderConfig = {
  vocabSize: 50,
  hiddenSize: 8,
  intermediateSize: 8,
  layers: 1,
  heads: 2,
  maxPositions: 20,
  tokenTypes: 2,
  layerNormEps: 1e-12,
  padTokenId: 0,
};

const masked = Math.fround(MASKED);

Deno.test("collateTexts() packs every text whole, and lets its tokens see each other and nothing else", () => {
  const text = fc.array(fc.integer({ min: 1, max: 49 }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), fc.boolean(), (texts, mean) => {
    const batch = collateTexts(texts, CONFIG, mean ? "mean" : "cls");
    const { rows, tokens, ids, positions, bias, pooling, starts } = batch;
    const slots = rows * tokens;
    const owner = new Int32Array(slots).fill(-1);
    texts.forEach((expected, text) => {
      const start = starts[text];
      assert.equal(Math.floor(start / tokens), Math.floor((start + expected.length - 1) / tokens), "in one row");
      expected.forEach((id, position) => {
        assert.equal(owner[start + position], -1, "no slot is used twice");
        owner[start + position] = text;
        assert.equal(Number(ids[start + position]), id);
        assert.equal(Number(positions[start + position]), position);
      });
      const shares = pooling.subarray(text * slots, (text + 1) * slots);
      shares.forEach((share, slot) => {
        const wanted = mean ? (owner[slot] === text ? 1 / expected.length : 0) : slot === start ? 1 : 0;
        assert.equal(share, Math.fround(wanted));
      });
    });
    for (let slot = 0; slot < slots; slot++) {
      for (let other = 0; other < tokens; other++) {
        const seen = Math.floor(slot / tokens) * tokens + other;
        const open = seen === slot || (owner[slot] >= 0 && owner[slot] === owner[seen]);
        assert.equal(bias[slot * tokens + other], open ? 0 : masked);
      }
    }
    assert.equal(batch.realTokens, texts.flat().length);
  }));
});

Deno.test("collateTexts() leaves little room unused where texts are short", () => {
  const texts = Array.from({ length: 100 }, (_, i) => new Array(3 + i % 17).fill(1));
  const { rows, tokens, realTokens } = collateTexts(texts, CONFIG);
  assert.ok(realTokens / (rows * tokens) > 0.95, `${realTokens} of ${rows * tokens}`);
  const one = collateTexts([[1, 2, 3]], CONFIG);
  assert.deepEqual([one.rows, one.tokens], [1, 3]);
});

Deno.test("collateTexts() names the text that the encoder cannot read", () => {
  assert.throws(() => collateTexts([], CONFIG), /a batch of no texts/);
  assert.throws(() => collateTexts([[1], []], CONFIG), /text 1 has no tokens/);
  assert.throws(
    () => collateTexts([new Array(21).fill(1)], CONFIG),
    /text 0 has 21 tokens: the encoder reads at most 20/,
  );
  assert.throws(
    () => collateTexts([[1], [50]], CONFIG),
    /text 1: token id 50 is outside the encoder's vocabulary of 50/,
  );
  assert.throws(() => collateTexts([[-1]], CONFIG), /token id -1/);
  assert.throws(() => collateTexts([[1.5]], CONFIG), /token id 1.5/);
});
