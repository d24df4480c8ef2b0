import assert from "node:assert/strict";
import fc from "fast-check";
import { addedPieces, addTokens, type NewToken, StreamDecoder, tokenIds, Tokenizer } from "../../lib/tokenizer/mod.ts";
import { anyText } from "../support/any_text.ts";
import { GOLDEN, goldenJson } from "../support/golden.ts";
import { inFolder } from "../support/in_folder.ts";
import { tinyTokenizer } from "./tiny.ts";

interface Golden {
  tokens: NewToken[];
  size: number;
  added: Record<string, unknown>[];
  rows: [text: string, ids: number[], decoded: string, withoutSpecial: string][];
}

Deno.test("addTokens() gives the ids, texts and added_tokens that transformers gives", async () => {
  const golden = await goldenJson<Golden>("tokenizer/added/added.json");
  const base = await Tokenizer.load(`${GOLDEN}tokenizer/added`);
  const tokenizer = addTokens(base, golden.tokens);
  assert.equal(tokenizer.vocabSize, golden.size);
  const json = JSON.parse(new TextDecoder().decode(tokenizer.files.get("tokenizer.json")));
  assert.deepEqual(json.added_tokens, golden.added);
  for (const [text, ids, decoded, withoutSpecial] of golden.rows) {
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    assert.equal(tokenizer.decode(ids), decoded, JSON.stringify(text));
    assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), withoutSpecial, JSON.stringify(text));
  }
});

Deno.test("addTokens() twice is addTokens() once, and what save() wrote is read again as the same", () =>
  inFolder(async (folder) => {
    const base = tinyTokenizer({ "added_tokens.json": { "<old>": 1 } });
    const tokens = ["<query>", { content: "<hidden>", special: true }];
    const tokenizer = addTokens(base, tokens);
    assert.equal(addTokens(tokenizer, tokens), tokenizer);
    assert.equal(addTokens(base, []), base);
    assert.deepEqual(addTokens(addTokens(base, ["<query>"]), [tokens[1]]).files, tokenizer.files);
    await tokenizer.save(folder);
    const loaded = await Tokenizer.load(folder);
    assert.deepEqual(loaded.files, tokenizer.files);
    const text = "the<query>cat<hidden> sat";
    assert.deepEqual(loaded.encode(text), tokenizer.encode(text));
    const config = JSON.parse(await Deno.readTextFile(`${folder}/tokenizer_config.json`));
    assert.deepEqual(config.added_tokens_decoder[base.vocabSize], {
      content: "<query>",
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
    });
    const ids = JSON.parse(await Deno.readTextFile(`${folder}/added_tokens.json`));
    assert.deepEqual(ids, { "<old>": 1, "<query>": base.vocabSize, "<hidden>": base.vocabSize + 1 });
    assert.deepEqual([base.vocabSize, base.encode("<query>").length > 1], [tokenizer.vocabSize - 2, true]);
  }));

Deno.test("a token that addTokens() made special is left out by skipSpecialTokens, and is text without allowSpecial", () => {
  const tokenizer = addTokens(tinyTokenizer(), ["<a>", "<b>"], { special: true });
  const ids = tokenizer.encode("x<a>y<b>");
  assert.equal(ids.filter((id) => tokenizer.specialTokenIds.has(id)).length, 2);
  assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), "xy");
  const plain = tokenizer.encode("x<a>y<b>", { allowSpecial: false });
  assert.ok(!plain.some((id) => tokenizer.specialTokenIds.has(id)));
  assert.equal(tokenizer.decode(plain), "x<a>y<b>");
});

Deno.test("addTokens() keeps every text as it was between the new tokens, and streams them", () => {
  const base = tinyTokenizer();
  const tokenizer = addTokens(base, ["<query>", "</query>"]);
  fc.assert(fc.property(fc.array(anyText({ maxLength: 20 }), { maxLength: 5 }), (texts) => {
    // A part that has or ends in a piece of a tag would be joined with the next.
    const parts = texts.map((text) => text.normalize("NFC").replaceAll(/[<>]/g, ""));
    const ids = tokenizer.encode(parts.join("<query>"));
    const tag = tokenizer.tokenToId("<query>")!;
    const expected = parts.flatMap((part, at) => at === 0 ? base.encode(part) : [tag, ...base.encode(part)]);
    assert.deepEqual(ids, expected);
    const stream = new StreamDecoder(tokenizer);
    assert.equal(ids.map((id) => stream.push(id)).join("") + stream.flush(), tokenizer.decode(ids));
  }));
});

Deno.test("addedPieces() says what new tokens were made of, and nothing of those that were there", () => {
  const base = tinyTokenizer();
  const tokenizer = addTokens(base, ["<query>", "the", "<|im_new|>"]);
  const pieces = addedPieces(base, tokenizer);
  assert.deepEqual([...pieces.keys()], [base.vocabSize, base.vocabSize + 1]);
  assert.equal(base.decode(pieces.get(base.vocabSize)!), "<query>");
  assert.equal(tokenizer.tokenToId("the"), base.tokenToId("the"));
  assert.deepEqual([...addedPieces(tokenizer, tokenizer)], []);
});

Deno.test("tokenIds() finds tokens by their text, and names the one that is none", () => {
  const base = tinyTokenizer();
  const tokenizer = addTokens(base, ["<a>", "<b>"]);
  assert.deepEqual(tokenIds(tokenizer, ["<b>", "<|im_end|>", "<a>"]), [base.vocabSize + 1, 2, base.vocabSize]);
  assert.throws(
    () => tokenIds(tokenizer, ["<a>", "<c>"]),
    /RangeError: tiny has no token "<c>": add it with addTokens\(\)/,
  );
});

Deno.test("addTokens() refuses what is no token, is named twice, or is there with other options", () => {
  const tokenizer = addTokens(tinyTokenizer(), [{ content: "<a>", special: true }]);
  assert.throws(() => addTokens(tokenizer, [""]), /RangeError: addTokens: "" is no text/);
  assert.throws(() => addTokens(tokenizer, ["\ud800"]), /is no text that a token can stand for/);
  assert.throws(() => addTokens(tokenizer, ["<x>", "<x>"]), /"<x>" is named twice/);
  assert.throws(() => addTokens(tokenizer, ["<a>"]), /tiny has "<a>" already, with special true, not false/);
  assert.throws(
    () => addTokens(tokenizer, [{ content: "<a>", special: true, lstrip: true }]),
    /with lstrip false, not true/,
  );
});
