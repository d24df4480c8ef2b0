/** What holds for every text, by properties: nothing is lost on the way to ids and back, whole or piece by piece. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamDecoder, type Tokenizer } from "../../lib/tokenizer/mod.ts";
import { tinyJson, tinyTokenizer } from "./tiny.ts";
import { anyText } from "../support/any_text.ts";

/** Keeps every code point as it is: no normalizer. */
const exact = tinyTokenizer({ "tokenizer.json": { ...tinyJson("tokenizer.json"), normalizer: null } });
const normalising = tinyTokenizer();
/** GPT-2's kind, which cuts with its own pattern, and one that does not cut at all. */
const uncut = tinyTokenizer({
  "tokenizer.json": {
    ...tinyJson("tokenizer.json"),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: false },
  },
});

/** Anything a string can hold: halves of characters, joined emoji, combining marks, controls, and words. */
const wildText = fc.array(
  fc.oneof(
    anyText(),
    fc.string({ unit: "grapheme" }),
    fc.string(),
    fc.constantFrom(
      ..."👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 é e\u0301 \ud83d \ude00 \ud83d\ud83d \ufeff \u0000 \u200d \ufffd Ġ Ċ <|im_end|> the don't".split(" "),
      "\r\n",
      "   \n ",
      "a\u0300\u0316\u0327".repeat(20),
      "\u1112\u1161\u11ab",
    ),
  ),
).map((parts) => parts.join(""));

/** Pieces as a stream gives them. */
function streamed(tokenizer: Tokenizer, ids: number[], skipSpecialTokens = false): string {
  const decoder = new StreamDecoder(tokenizer, { skipSpecialTokens });
  return ids.map((id) => decoder.push(id)).join("") + decoder.flush();
}

Deno.test("decode() brings back any text exactly when nothing normalises it, but for halves of characters", () => {
  for (const tokenizer of [exact, uncut]) {
    fc.assert(
      fc.property(wildText, fc.boolean(), (text, allowSpecial) => {
        assert.equal(tokenizer.decode(tokenizer.encode(text, { allowSpecial })), text.toWellFormed());
      }),
      { numRuns: 500 },
    );
  }
});

Deno.test("decode() brings back the NFC form of any text that holds no special token", () => {
  fc.assert(
    fc.property(wildText, (text) => {
      const ids = normalising.encode(text, { allowSpecial: false });
      assert.equal(normalising.decode(ids), text.toWellFormed().normalize("NFC"));
    }),
    { numRuns: 500 },
  );
});

Deno.test("StreamDecoder gives decode()'s text for any ids, whatever a stream does between them", () => {
  const anyIds = fc.array(fc.nat(exact.vocabSize - 1), { maxLength: 60 });
  fc.assert(
    fc.property(anyIds, fc.boolean(), fc.nat(60), (ids, skipSpecialTokens, cut) => {
      assert.equal(streamed(exact, ids, skipSpecialTokens), exact.decode(ids, { skipSpecialTokens }));
      // Two texts one after the other through one decoder are two texts.
      const decoder = new StreamDecoder(exact);
      const first = ids.slice(0, cut).map((id) => decoder.push(id)).join("") + decoder.flush();
      const second = ids.slice(cut).map((id) => decoder.push(id)).join("") + decoder.flush();
      assert.deepEqual([first, second], [exact.decode(ids.slice(0, cut)), exact.decode(ids.slice(cut))]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("encode() takes 100,000 times the same letter or space, decode() gives them back, and neither takes minutes", () => {
  for (const unit of ["a", " ", "7", "\n", "!", "\u0301", "鍵", "👧", "the ", "<|im_end|>", "\ud83d"]) {
    const text = unit.repeat((unit === "a" || unit === " " ? 100_000 : 10_000) / unit.length);
    for (const tokenizer of [exact, uncut]) {
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids), text.toWellFormed());
      assert.equal(streamed(tokenizer, ids), text.toWellFormed());
    }
  }
});

Deno.test("StreamDecoder follows decoders that strip several spaces, and waits for the end where all tokens matter", () => {
  const json = tinyJson("tokenizer.json");
  const vocabulary = ["▁", "a", "b", "▁▁", "é", "<0x0A>", "<0xC3>", "<0xA9>", "ab"];
  const withDecoder = (decoder: unknown, model: object = {}) =>
    tinyTokenizer({
      "tokenizer.json": {
        ...json,
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder,
        model: { type: "BPE", vocab: Object.fromEntries(vocabulary.map((t, i) => [t, i])), merges: [], ...model },
      },
      "tokenizer_config.json": undefined,
      "special_tokens_map.json": undefined,
    });
  const toSpaces = { type: "Replace", pattern: { String: "▁" }, content: " " };
  const sequence = (...decoders: object[]) => ({ type: "Sequence", decoders });
  const tokenizers = [
    null,
    { type: "Metaspace", replacement: "▁" },
    { type: "WordPiece", prefix: "a", cleanup: true },
    { type: "BPEDecoder", suffix: "b" },
    { type: "BPEDecoder", suffix: "" },
    { type: "CTC", pad_token: "a", word_delimiter_token: "▁", cleanup: true },
    sequence(toSpaces, { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 3, stop: 2 }),
    sequence({ type: "Fuse" }, { type: "ByteFallback" }, toSpaces),
    sequence({ type: "Fuse" }, { type: "Replace", pattern: { String: "ba" }, content: "x" }),
    sequence({ type: "Strip", content: "a", start: 1, stop: 1 }, toSpaces),
  ].map((decoder) => withDecoder(decoder));
  tokenizers.push(withDecoder({ type: "ByteLevel" }, { end_of_word_suffix: "ba" }));
  for (const tokenizer of tokenizers) {
    fc.assert(
      fc.property(fc.array(fc.nat(vocabulary.length - 1)), (ids) => {
        assert.equal(streamed(tokenizer, ids), tokenizer.decode(ids));
      }),
      { numRuns: 300 },
    );
  }
});

Deno.test("StreamDecoder goes on after an id that it refused", () => {
  const json = tinyJson("tokenizer.json");
  for (const decoder of [{ type: "ByteLevel" }, { type: "Fuse" }, { type: "CTC" }]) {
    const tokenizer = tinyTokenizer({ "tokenizer.json": { ...json, decoder } });
    const stream = new StreamDecoder(tokenizer);
    const [id] = tokenizer.encode("a");
    const before = stream.push(id);
    assert.throws(() => stream.push(1e6), /Token id 1000000 is not in the vocabulary/);
    assert.equal(before + stream.push(id) + stream.flush(), tokenizer.decode([id, id]));
  }
});
