import assert from "node:assert/strict";
import { readTokenizerFiles, Tokenizer, TokenizerError } from "../../lib/tokenizer/mod.ts";
import { GOLDEN, goldenJson } from "../support/golden.ts";

const FOLDER = `${GOLDEN}bert_tiny/model`;
const tokenizer = await Tokenizer.load(FOLDER);

Deno.test("Tokenizer.load() reads word pieces as transformers does", async () => {
  const golden = await goldenJson<{ passages: string[]; passageIds: number[][] }>("bert_tiny/bert_tiny.json");
  const ids = golden.passages.map((text) => tokenizer.encode(text, { addSpecialTokens: true }));
  assert.deepEqual(ids, golden.passageIds);
  assert.equal(tokenizer.padTokenId, 0);
  assert.equal(tokenizer.decoderScope, "neighbours");
});

Deno.test("a word without its pieces, or of more than 100 letters, becomes the unknown token", () => {
  assert.deepEqual(tokenizer.encode("café"), [tokenizer.tokenToId("[UNK]")]);
  const letters = (count: number) => tokenizer.encode("a".repeat(count)).map((id) => tokenizer.idToToken(id));
  assert.deepEqual(letters(3), ["a", "##a", "##a"]);
  assert.equal(letters(100).length, 100);
  assert.deepEqual(letters(101), ["[UNK]"]);
});

Deno.test("decoding joins pieces and leaves special tokens out where asked", () => {
  const ids = tokenizer.encode("The dogs, coughing", { addSpecialTokens: true });
  assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), "the dogs, coughing");
});

Deno.test("the text of a special token is text where special tokens are not allowed", () => {
  assert.deepEqual(tokenizer.encode("[SEP]"), [tokenizer.tokenToId("[SEP]")]);
  assert.ok(!tokenizer.encode("a [SEP] a", { allowSpecial: false }).includes(tokenizer.tokenToId("[SEP]")!));
});

Deno.test("Tokenizer names what is wrong with word pieces", async () => {
  const files = await readTokenizerFiles(FOLDER);
  const json = JSON.parse(new TextDecoder().decode(files.get("tokenizer.json")));
  const load = (changes: object) => {
    const changed = JSON.stringify({ ...json, model: { ...json.model, ...changes } });
    return new Tokenizer("broken", new Map([...files, ["tokenizer.json", new TextEncoder().encode(changed)]]));
  };
  for (
    const [changes, message] of [
      [{ unk_token: undefined }, /model\.unk_token/],
      [{ unk_token: "[unknown]" }, /model\.unk_token is "\[unknown\]", which is not in the vocabulary/],
      [{ vocab: { ...json.model.vocab, twice: 7 } }, /both have id 7/],
      [{ max_input_chars_per_word: 1e6 }, /model\.max_input_chars_per_word/],
      [{ type: "Unigram" }, /model\.type: expected a model of type BPE or WordPiece; Unigram tokenizers are not read/],
    ] as const
  ) {
    assert.throws(() => load(changes), (error) => error instanceof TokenizerError && message.test(error.message));
  }
});
