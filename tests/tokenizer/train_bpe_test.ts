import assert from "node:assert/strict";
import fc from "fast-check";
import { chatMlTokens, Tokenizer, tokenizerFiles, trainBpe } from "../../lib/tokenizer/mod.ts";
import { anyText } from "../support/any_text.ts";

const folder = new URL("../golden/tokenizer/", import.meta.url);
const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map((content) => ({ content }));

interface Golden {
  vocabSize: number;
  merges: string[];
  encoded: [text: string, ids: number[]][];
}

Deno.test("trainBpe() finds the merges of Hugging Face's trainer, in the same order, and the tokenizer its ids", async () => {
  const golden: Golden = JSON.parse(await Deno.readTextFile(new URL("trained.json", folder)));
  const texts = (await Deno.readTextFile(new URL("corpus.txt", folder))).split("\n");
  const trained = await trainBpe({ texts, vocabSize: 1500, addedTokens: special });
  assert.deepEqual(trained.merges.map((merge) => merge.join(" ")), golden.merges);
  assert.equal(trained.vocabulary.length, golden.vocabSize);
  const tokenizer = new Tokenizer("trained", tokenizerFiles(trained));
  for (const [text, ids] of golden.encoded) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
});

Deno.test("trainBpe() stops at vocabSize and at minFrequency", async () => {
  const texts = (await Deno.readTextFile(new URL("corpus.txt", folder))).split("\n");
  const whole = await trainBpe({ texts, vocabSize: 1500, addedTokens: special });
  const small = await trainBpe({ texts, vocabSize: 300, addedTokens: special });
  assert.equal(small.vocabulary.length, 300);
  assert.deepEqual(small.merges, whole.merges.slice(0, small.merges.length));
  const frequent = await trainBpe({ texts, vocabSize: 1500, addedTokens: special, minFrequency: 50 });
  assert.deepEqual(frequent.merges, whole.merges.slice(0, frequent.merges.length));
  assert.ok(frequent.merges.length > 50 && frequent.merges.length < 600);
});

Deno.test("trainBpe() reads an asynchronous corpus, in which added tokens are no part of words", async () => {
  async function* texts() {
    yield await Promise.resolve("<|im_start|>user\nabab<|im_end|>");
    yield "<|im_start|>abab";
  }
  const { merges } = await trainBpe({ texts: texts(), vocabSize: 400, addedTokens: chatMlTokens });
  assert.deepEqual(merges, [["a", "b"], ["ab", "ab"]]);
});

Deno.test("trainBpe() refuses a vocabulary without room, repeated added tokens, and stops when aborted", async () => {
  await assert.rejects(
    trainBpe({ texts: [], vocabSize: 258, addedTokens: special }),
    /vocabSize is 258; it must hold 256 bytes and 3/,
  );
  await assert.rejects(trainBpe({ texts: [], vocabSize: 400, addedTokens: [...special, special[0]] }), /named twice/);
  await assert.rejects(trainBpe({ texts: ["a"], vocabSize: 400, signal: AbortSignal.abort() }), { name: "AbortError" });
  const trained = await trainBpe({ texts: [], vocabSize: 256 });
  assert.throws(() => tokenizerFiles(trained), /"<\|im_end\|>" is not among the added tokens/);
});

Deno.test("a trained tokenizer brings back any text, whatever it was trained on", async () => {
  const trained = await trainBpe({
    texts: ["the cat sat on the mat, the mat sat 12 times"],
    vocabSize: 300,
    addedTokens: chatMlTokens,
  });
  const tokenizer = new Tokenizer("trained", tokenizerFiles(trained));
  fc.assert(fc.property(anyText(), (text) => {
    assert.equal(tokenizer.decode(tokenizer.encode(text, { allowSpecial: false })), text.normalize("NFC"));
  }));
  assert.equal(
    tokenizer.decode(tokenizer.encode("<think>4</think><|im_end|>"), { skipSpecialTokens: true }),
    "<think>4</think>",
  );
});
