import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamDecoder, type Tokenizer } from "../../lib/tokenizer/mod.ts";
import { qwenIsHere, qwenTokenizer } from "./qwen.ts";
import { anyText } from "../support/any_text.ts";

let loaded: Promise<Tokenizer> | undefined;
const qwen = () => loaded ??= qwenTokenizer();
const ignore = !qwenIsHere;

/** Any text, with what people write more often than single random characters. */
const text = fc.array(
  fc.oneof(
    anyText(),
    fc.string(),
    fc.constantFrom(
      " ",
      "\n",
      "  \n",
      "\r\n",
      "don't",
      " the",
      "12345",
      "你好",
      "👩‍👧",
      "e\u0301",
      "<|im_start|>",
      "\u00a0",
      "\u0085",
    ),
  ),
).map((parts) => parts.join(""));

Deno.test({
  name: "Tokenizer gives Qwen2.5's known ids",
  ignore,
  fn: async () => {
    const tokenizer = await qwen();
    assert.equal(tokenizer.vocabSize, 151646);
    assert.deepEqual(tokenizer.encode("<|im_start|>system\n"), [151644, 8948, 198]);
    assert.deepEqual(tokenizer.encode("<|im_end|>\n<|im_start|>assistant\n"), [151645, 198, 151644, 77091, 198]);
    assert.deepEqual(tokenizer.encode("Hello world"), [9707, 1879]);
    assert.deepEqual(tokenizer.encode("你好"), [108386]);
    assert.deepEqual([tokenizer.eosTokenId, tokenizer.padTokenId, tokenizer.bosTokenId], [151645, 151643, undefined]);
    assert.deepEqual(tokenizer.eosTokenIds, [151645, 151643]);
    assert.equal(tokenizer.idToToken(1879), "Ġworld");
    assert.equal(tokenizer.tokenToId("Ġworld"), 1879);
    tokenizer.assertFits(151936);
  },
});

Deno.test({
  name: "Tokenizer gives the ids that tiktoken gives with Qwen's ranks, and decodes them to the normalised text",
  ignore,
  fn: async () => {
    const tokenizer = await qwen();
    const golden: [string, number[]][] = JSON.parse(
      await Deno.readTextFile(new URL("../golden/tokenizer/qwen_ids.json", import.meta.url)),
    );
    assert.ok(golden.length > 25);
    for (const [text, ids] of golden) {
      assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), text.normalize("NFC"));
    }
  },
});

Deno.test({
  name: "decode() brings back what encode() took, special tokens as tokens or as text",
  ignore,
  fn: async () => {
    const tokenizer = await qwen();
    fc.assert(fc.property(text, fc.boolean(), (text, allowSpecial) => {
      const ids = tokenizer.encode(text, { allowSpecial });
      // Beside special tokens each stretch is normalised by itself.
      const expected = allowSpecial
        ? text.split("<|im_start|>").map((part) => part.normalize("NFC")).join("<|im_start|>")
        : text.normalize("NFC");
      assert.equal(tokenizer.decode(ids), expected);
      assert.equal(ids.includes(151644), allowSpecial && text.includes("<|im_start|>"));
      assert.equal(
        tokenizer.decode(ids, { skipSpecialTokens: true }).includes("<|im_start|>"),
        !allowSpecial && text.includes("<|im_start|>"),
      );
    }));
  },
});

Deno.test({
  name: "StreamDecoder gives decode()'s text piece by piece, and no piece with a broken character",
  ignore,
  fn: async () => {
    const tokenizer = await qwen();
    const decoder = new StreamDecoder(tokenizer);
    fc.assert(fc.property(text, (text) => {
      const ids = tokenizer.encode(text);
      const pieces = ids.map((id) => decoder.push(id));
      assert.equal(decoder.flush(), "");
      assert.equal(pieces.join(""), tokenizer.decode(ids));
      assert.ok(
        pieces.every((piece) => piece.isWellFormed() && (text.includes("\uFFFD") || !piece.includes("\uFFFD"))),
      );
    }));
    // Whatever a model may generate: single bytes, halves of characters, special tokens in between.
    const someIds = fc.array(fc.oneof(fc.nat(255), fc.nat(151645), fc.constant(151644)));
    fc.assert(fc.property(someIds, fc.boolean(), (ids, skipSpecialTokens) => {
      const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
      const text = ids.map((id) => decoder.push(id)).join("") + decoder.flush();
      assert.equal(text, tokenizer.decode(ids, { skipSpecialTokens }));
    }));
  },
});
