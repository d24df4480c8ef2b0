import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamDecoder, Tokenizer, TokenizerError } from "../../lib/tokenizer/mod.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { tinyFiles, tinyJson, tinyTokenizer } from "./tiny.ts";
import { inFolder } from "../support/in_folder.ts";

Deno.test("Tokenizer.load() reads what save() wrote, and a second save gives the same bytes", () =>
  inFolder(async (folder) => {
    const generation = '{"eos_token_id": [2,\n0]}';
    await tinyTokenizer({ "generation_config.json": generation }).save(`${folder}/a`);
    const loaded = await Tokenizer.load(`${folder}/a`);
    await loaded.save(`${folder}/b`);
    const names = [...Deno.readDirSync(`${folder}/a`)].map(({ name }) => name).sort();
    assert.deepEqual(names, [
      "generation_config.json",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    for (const name of names) {
      assert.deepEqual(await Deno.readFile(`${folder}/b/${name}`), await Deno.readFile(`${folder}/a/${name}`));
    }
    assert.equal(await Deno.readTextFile(`${folder}/b/generation_config.json`), generation);
    assert.deepEqual(loaded.eosTokenIds, [2, 0]);
    assert.deepEqual([loaded.eosTokenId, loaded.padTokenId, loaded.bosTokenId], [2, 0, undefined]);
    assert.equal(loaded.decode(loaded.encode("the cat")), "the cat");
  }));

Deno.test("save() leaves whole files only when any operation finds the disk full", () =>
  inFolder(async (folder) => {
    const tokenizer = tinyTokenizer();
    for (let failAt = 0;; failAt++) {
      try {
        await tokenizer.save(folder, { fileSystem: failingFileSystem(failAt) });
        assert.ok(failAt >= 18);
        break;
      } catch (error) {
        assert.match(String(error), /DiskFullError: The disk is full: could not write .*\.json/);
        for (const { name } of Deno.readDirSync(folder)) JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
      }
    }
    assert.equal((await Tokenizer.load(folder)).vocabSize, tokenizer.vocabSize);
  }));

Deno.test("Tokenizer takes special tokens from objects, from special_tokens_map.json, and an end token from generation_config.json", () => {
  const config = tinyJson("tokenizer_config.json");
  const asObjects = {
    ...config,
    eos_token: { content: "<|im_end|>", lstrip: false },
    bos_token: { content: "<|im_start|>" },
  };
  assert.deepEqual(
    [
      tinyTokenizer({ "tokenizer_config.json": asObjects }).eosTokenId,
      tinyTokenizer({ "tokenizer_config.json": asObjects }).bosTokenId,
    ],
    [2, 1],
  );
  const mapOnly = tinyTokenizer({ "tokenizer_config.json": undefined });
  assert.deepEqual([mapOnly.eosTokenId, mapOnly.padTokenId], [2, 0]);
  const bare = { "tokenizer_config.json": undefined, "special_tokens_map.json": undefined };
  const generation = tinyTokenizer({ ...bare, "generation_config.json": { eos_token_id: 0 } });
  assert.deepEqual([generation.eosTokenId, generation.padTokenId, generation.eosTokenIds], [0, 0, [0]]);
  const nothing = tinyTokenizer(bare);
  assert.deepEqual([nothing.eosTokenId, nothing.padTokenId, nothing.eosTokenIds], [undefined, undefined, []]);
});

Deno.test("decode() refuses unknown ids, gives the empty text for none, and never cleans up spaces", () => {
  const tokenizer = tinyTokenizer();
  assert.equal(tokenizer.decode([]), "");
  assert.equal(tokenizer.decode([2], { skipSpecialTokens: true }), "");
  assert.throws(
    () => tokenizer.decode([tokenizer.vocabSize]),
    /RangeError: Token id \d+ is not in the vocabulary of tiny/,
  );
  assert.throws(() => tokenizer.decode([-1]), RangeError);
  assert.throws(() => new StreamDecoder(tokenizer).push(1e9), RangeError);
  const text = "the cat , isn 't on the mat . ";
  assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
});

Deno.test("assertFits() names both numbers when the model has fewer rows than the tokenizer has tokens", () => {
  const tokenizer = tinyTokenizer();
  tokenizer.assertFits(tokenizer.vocabSize);
  assert.throws(() => tokenizer.assertFits(100), (error) => {
    assert.ok(error instanceof TokenizerError);
    assert.match(
      error.message,
      new RegExp(`tiny: the tokenizer has ${tokenizer.vocabSize} tokens, the model's vocab_size is 100`),
    );
    return true;
  });
});

Deno.test("StreamDecoder follows tokenizers whose tokens are not bytes", () => {
  const json = tinyJson("tokenizer.json");
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const vocabulary = ["▁", "a", "b", "▁a", "▁ab", "é", ...bytes];
  const tokenizer = tinyTokenizer({
    "tokenizer.json": {
      ...json,
      added_tokens: [{ id: vocabulary.length, content: "</s>", special: true }],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " },
          { type: "ByteFallback" },
          { type: "Fuse" },
          { type: "Strip", content: " ", start: 1, stop: 0 },
        ],
      },
      model: {
        type: "BPE",
        byte_fallback: true,
        vocab: Object.fromEntries(vocabulary.map((t, i) => [t, i])),
        merges: [["▁", "a"], ["▁a", "b"]],
      },
    },
    "tokenizer_config.json": { eos_token: "</s>" },
    "special_tokens_map.json": undefined,
  });
  const decoder = new StreamDecoder(tokenizer);
  const ids = [4, 3, 6 + 0xe9, 6 + 0x8d, 6 + 0xb5, 5, 4];
  assert.deepEqual(ids.map((id) => decoder.push(id)), ["ab", " a", "", "", "鍵", "é", " ab"]);
  assert.equal(decoder.flush(), "");
  assert.equal(tokenizer.decode(ids), "ab a鍵é ab");
  assert.equal(decoder.push(6 + 0xe9) + decoder.flush(), "\uFFFD");
  fc.assert(fc.property(fc.array(fc.nat(vocabulary.length)), (ids) => {
    const decoder = new StreamDecoder(tokenizer);
    assert.equal(ids.map((id) => decoder.push(id)).join("") + decoder.flush(), tokenizer.decode(ids));
  }));
});

Deno.test("Tokenizer names the file and what was expected when one is broken", () => {
  const json = tinyJson("tokenizer.json");
  const model = json.model as { vocab: Record<string, number>; merges: string[][] };
  const withModel = (changes: object) => ({ "tokenizer.json": { ...json, model: { ...model, ...changes } } });
  const added = (json.added_tokens as object[]).slice(1);
  for (
    const [changes, message] of [
      [{ "tokenizer.json": "{" }, /tiny\/tokenizer\.json: not JSON/],
      [{ "tokenizer.json": "[]" }, /tokenizer\.json: the file: .*expected object/],
      [withModel({ type: "Unigram" }), /model\.type: expected a model of type BPE/],
      [withModel({ vocab: [] }), /model\.vocab: expected \{token: id\}/],
      [withModel({ vocab: { ...model.vocab, new: "7" } }), /token "new" has id "7"; expected a whole number/],
      [withModel({ vocab: { ...model.vocab, new: 1.5 } }), /token "new" has id 1\.5/],
      [withModel({ vocab: { ...model.vocab, new: -1 } }), /token "new" has id -1/],
      [withModel({ vocab: { ...model.vocab, new: 7 } }), /both have id 7/],
      [withModel({ vocab: { ...model.vocab, new: 4e9 } }), /id 4000000000 is far above the number of tokens/],
      [withModel({ merges: [["q", "q"]] }), /merge 0 \(\["q","q"\]\) needs "qq", which is not in the vocabulary/],
      [withModel({ merges: ["q q"] }), /merge 0 \(\["q","q"\]\) needs "qq"/],
      [withModel({ merges: ["q"] }), /merge 0 \(\["q"\]\) is not two tokens/],
      [withModel({ merges: "" }), /model\.merges/],
      [{ "tokenizer.json": { ...json, added_tokens: [{ id: 3, content: "zzz" }] } }, /both have id 3/],
      [{ "tokenizer.json": { ...json, added_tokens: [{ id: -1, content: "zzz" }] } }, /added_tokens\.0\.id/],
      [
        { "tokenizer.json": { ...json, pre_tokenizer: { type: "Magic" } } },
        /tokenizer\.json: pre_tokenizer: type "Magic" is not supported; expected one of Sequence, Bert/,
      ],
      [
        { "tokenizer_config.json": { eos_token: "</s>" } },
        /tokenizer_config\.json: eos_token is "<\/s>", which is not in the vocabulary/,
      ],
      [{ "tokenizer_config.json": { chat_template: 3 } }, /tokenizer_config\.json: chat_template/],
      [{ "generation_config.json": { eos_token_id: "x" } }, /generation_config\.json: eos_token_id/],
      [{ "generation_config.json": { eos_token_id: 151645 } }, /eos_token_id 151645 is beyond the \d+ tokens/],
      [
        { "tokenizer.json": { ...json, added_tokens: added.map((t) => ({ ...t, content: "" })) } },
        /added_tokens\.0\.content/,
      ],
    ] as const
  ) {
    assert.throws(() => tinyTokenizer(changes), (error) => {
      assert.ok(error instanceof TokenizerError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("Tokenizer.load() says what is missing in a folder", () =>
  inFolder(async (folder) => {
    await assert.rejects(Tokenizer.load(`${folder}/absent`), /absent: expected tokenizer\.json in this folder/);
    await Deno.writeTextFile(`${folder}/vocab.json`, "{}");
    await assert.rejects(Tokenizer.load(folder), /older format: load it once with transformers/);
  }));

Deno.test("Tokenizer accepts or refuses a damaged tokenizer.json with one class of error", () => {
  const text = new TextDecoder().decode(tinyFiles().get("tokenizer.json"));
  const value = fc.constantFrom("null", "[]", "{}", "-1", '""', "1e9", '"Ġ"', "true");
  const damage = fc.oneof(
    fc.tuple(fc.nat(text.length), fc.nat(40)).map(([at, count]) => text.slice(0, at) + text.slice(at + count)),
    fc.tuple(fc.nat(60), value).map(([which, value]) => {
      let seen = 0;
      return text.replace(/(?<=": )("[^"]*"|\d+|true|false|null)/g, (old) => seen++ === which ? value : old);
    }),
  );
  let refused = 0;
  fc.assert(
    fc.property(damage, (damaged) => {
      try {
        const tokenizer = tinyTokenizer({ "tokenizer.json": damaged });
        assert.equal(typeof tokenizer.decode(tokenizer.encode("the cat")), "string");
      } catch (error) {
        assert.ok(error instanceof TokenizerError, `${error instanceof Error ? error.stack : error}`);
        refused++;
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(refused > 50 && refused < 300);
});
