import assert from "node:assert/strict";
import fc from "fast-check";
import { openGgufSource, saveGguf } from "../../../lib/formats/gguf/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { GOLDEN, goldenJson } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { randomSource, smallConfig } from "./random_source.ts";
import { sampleTexts } from "./sample_texts.ts";
import { changedTokenizer, houseTokenizer, llama3Tokenizer, qwenTokenizer, TOKENIZERS } from "./tokenizers.ts";

/** A tokenizer as it comes out of a file. */
async function throughGguf(tokenizer: Tokenizer, folder: string): Promise<Tokenizer> {
  const sizes = { hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 1, kvHeads: 1, headDim: 8 };
  const config = smallConfig("llama", tokenizer, { ...sizes, tieWordEmbeddings: true });
  await saveGguf(randomSource(config, tokenizer), `${folder}/a.gguf`, { type: "F32" });
  const source = await openGgufSource(`${folder}/a.gguf`);
  source.close();
  return source.tokenizer;
}

const CHATS = [
  [{ role: "user", content: "Hello" }],
  [{ role: "system", content: "Be brief." }, { role: "user", content: "1 + 1?" }, { role: "assistant", content: "2" }],
];
const TOOLS = [{ type: "function" as const, function: { name: "weather", description: "Tell it.", parameters: {} } }];

for (const [name, make] of Object.entries(TOKENIZERS)) {
  Deno.test(`a tokenizer comes back from GGUF as it was: ${name}`, () =>
    inFolder(async (folder) => {
      const tokenizer = await make();
      const back = await throughGguf(tokenizer, folder);
      for (const text of sampleTexts(2000)) {
        for (const options of [{}, { allowSpecial: false }, { addSpecialTokens: true }]) {
          const ids = tokenizer.encode(text, options);
          assert.deepEqual(back.encode(text, options), ids);
          assert.equal(back.decode(ids), tokenizer.decode(ids));
        }
      }
      fc.assert(
        fc.property(anyText({ maxLength: 20 }), fc.constantFrom("", "<|im_end|>", "</s>", "<tool_call>"), (a, b) => {
          assert.deepEqual(back.encode(a + b + a), tokenizer.encode(a + b + a));
        }),
      );
      for (let id = 0; id < tokenizer.vocabSize; id++) assert.equal(back.idToToken(id), tokenizer.idToToken(id));
      for (
        const key of ["vocabSize", "bosTokenId", "eosTokenId", "eosTokenIds", "padTokenId", "specialTokenIds"] as const
      ) assert.deepEqual(back[key], tokenizer[key], key);
      assert.equal(back.chatTemplate, tokenizer.chatTemplate);
      for (const chat of CHATS) {
        assert.equal(back.applyChatTemplate(chat), tokenizer.applyChatTemplate(chat));
        const options = { addGenerationPrompt: true, tools: TOOLS };
        assert.equal(back.applyChatTemplate(chat, options), tokenizer.applyChatTemplate(chat, options));
      }
      // Its files are a Hugging Face tokenizer, which goes through once more.
      await back.save(`${folder}/hf`);
      const loaded = await Tokenizer.load(`${folder}/hf`);
      const again = await throughGguf(loaded, folder);
      for (const [name, bytes] of back.files) assert.deepEqual(again.files.get(name), bytes, name);
    }));
}

Deno.test("SentencePiece's scores come out of the merges in SentencePiece's own order, and its tokens of texts", () =>
  inFolder(async (folder) => {
    const golden = await goldenJson<{ pieces: string[]; scores: number[]; texts: string[]; ids: number[][] }>(
      "tokenizer/sentencepiece/pieces.json",
    );
    const tokenizer = await Tokenizer.load(`${GOLDEN}tokenizer/sentencepiece`);
    const back = await throughGguf(tokenizer, folder);
    for (const [i, text] of golden.texts.entries()) {
      assert.deepEqual(tokenizer.encode(text), golden.ids[i], text);
      assert.deepEqual(back.encode(text), golden.ids[i], text);
    }
    const { openGguf } = await import("../../../lib/formats/gguf/mod.ts");
    const file = await openGguf(`${folder}/a.gguf`);
    const scores = file.metadata.get("tokenizer.ggml.scores") as unknown as { values: Float32Array };
    file.close();
    const merged = golden.pieces.map((_, id) => id).filter((id) => scores.values[id] > -1e6);
    assert.ok(merged.length > 300);
    for (const [i, id] of merged.slice(1).entries()) {
      assert.equal(scores.values[merged[i]] > scores.values[id], golden.scores[merged[i]] > golden.scores[id]);
    }
  }));

Deno.test("generation stops where the model's configuration says, though the tokenizer's does not", () =>
  inFolder(async (folder) => {
    const tokenizer = qwenTokenizer();
    assert.deepEqual(tokenizer.eosTokenIds, [2]);
    // 40 is a piece of text: what transformers assumes of a Llama whose config.json does not say.
    const config = smallConfig("llama", tokenizer, { eosTokenIds: [0, 2, 40] });
    await saveGguf(randomSource(config, tokenizer), `${folder}/a.gguf`);
    const source = await openGgufSource(`${folder}/a.gguf`);
    source.close();
    assert.deepEqual(source.config.eosTokenIds, [2, 0]);
  }));

Deno.test("several templates, end tokens and an end token after a text come back from GGUF", () =>
  inFolder(async (folder) => {
    const templates = [
      { name: "default", template: "{{ messages[0].content }}<|im_end|>" },
      { name: "tool_use", template: "{{ tools[0].function.name }}: {{ messages[0].content }}<|im_end|>" },
    ];
    const after = {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "<|im_end|>", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
      special_tokens: { "<|im_end|>": { id: "<|im_end|>", ids: [2], tokens: ["<|im_end|>"] } },
    };
    const { pre_tokenizer } = JSON.parse(new TextDecoder().decode(qwenTokenizer().files.get("tokenizer.json")));
    const tokenizer = changedTokenizer(
      { pre_tokenizer, post_processor: after },
      { config: { chat_template: templates }, generation: { eos_token_id: [2, 0, 40] } },
    );
    const back = await throughGguf(tokenizer, folder);
    assert.deepEqual(back.eosTokenIds, [2, 0, 40]);
    assert.deepEqual(back.encode("a", { addSpecialTokens: true }), [...tokenizer.encode("a"), 2]);
    for (const options of [{}, { tools: TOOLS }]) {
      assert.equal(back.applyChatTemplate(CHATS[0], options), tokenizer.applyChatTemplate(CHATS[0], options));
    }
  }));

Deno.test("saveGguf() refuses tokenizers of which llama.cpp would make other tokens, saying why", () =>
  inFolder(async (folder) => {
    const refused = async (tokenizer: Tokenizer, expected: RegExp) => {
      await assert.rejects(throughGguf(tokenizer, folder), (error: Error) => {
        assert.ok(error instanceof RangeError, `${error.stack}`);
        assert.match(error.message, expected);
        return true;
      });
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    };
    // The trained pattern is its own.
    await refused(changedTokenizer({}), /none of llama.cpp's pre-tokenizers cuts as this one does/);
    const json = (tokenizer: Tokenizer) => JSON.parse(new TextDecoder().decode(tokenizer.files.get("tokenizer.json")));
    const { pre_tokenizer, decoder, added_tokens } = json(qwenTokenizer());
    await refused(
      changedTokenizer({ pre_tokenizer }, { model: { ignore_merges: true } }),
      /none of llama.cpp's .*ignore_merges true/,
    );
    await refused(changedTokenizer({ pre_tokenizer, normalizer: { type: "Lowercase" } }), /no normalizer .*Lowercase/);
    await refused(
      changedTokenizer({ pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Punctuation" }, decoder] } }),
      /its pre_tokenizer does more than cut/,
    );
    await refused(
      changedTokenizer({ pre_tokenizer, decoder: { type: "Sequence", decoders: [{ type: "Fuse" }] } }),
      /byte-pair encodings over bytes/,
    );
    const stripping = added_tokens.map((token: object, i: number) => i === 1 ? { ...token, lstrip: true } : token);
    await refused(changedTokenizer({ pre_tokenizer, added_tokens: stripping }), /"<\|im_start\|>" has lstrip/);
    await refused(
      changedTokenizer({ pre_tokenizer }, { config: { eos_token: null } }),
      /names no end token, and llama.cpp would never stop/,
    );
    await refused(
      changedTokenizer({ pre_tokenizer }, { generation: { eos_token_id: [2, 40, 41, 42] } }),
      /llama.cpp can be told only three/,
    );
    const { post_processor } = json(llama3Tokenizer());
    await refused(
      changedTokenizer({ pre_tokenizer, post_processor }, { config: { bos_token: "<|endoftext|>" } }),
      /the post_processor makes \[1,\d+\] of \[\d+\]; llama.cpp can put bos_token \(0\)/,
    );
  }));

Deno.test("saveGguf() refuses SentencePiece's tokenizers whose merges no scores can say", () =>
  inFolder(async (folder) => {
    const tokenizer = await Tokenizer.load(`${GOLDEN}tokenizer/sentencepiece`);
    const json = JSON.parse(new TextDecoder().decode(tokenizer.files.get("tokenizer.json")));
    const refused = async (changes: object, expected: RegExp) => {
      const files = new Map(tokenizer.files);
      files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify({ ...json, ...changes })));
      await assert.rejects(throughGguf(new Tokenizer("changed", files), folder), expected);
    };
    const merges = json.model.merges as [string, string][];
    const ways = merges.filter(([left, right], i) => merges.some((m, j) => j !== i && m[0] + m[1] === left + right));
    const apart = [...merges.filter((merge) => merge !== ways[0]), ways[0]];
    await refused({ model: { ...json.model, merges: apart } }, /do not stand together/);
    const fewer = merges.filter((merge) => merge !== ways[0]);
    await refused({ model: { ...json.model, merges: fewer } }, /llama.cpp would join .*there is no such merge/);
    const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "first", split: false };
    await refused({ normalizer: null, pre_tokenizer: metaspace }, /legacy=True/);
  }));

Deno.test("openGgufSource() reads files that say less: no kiln keys, another name of the pre-tokenizer, no types", () =>
  inFolder(async (folder) => {
    const { openGguf, writeGguf, text } = await import("../../../lib/formats/gguf/mod.ts");
    const tokenizer = await houseTokenizer();
    await throughGguf(tokenizer, folder);
    const file = await openGguf(`${folder}/a.gguf`);
    const metadata = new Map(file.metadata);
    for (const key of metadata.keys()) if (key.startsWith("kiln.")) metadata.delete(key);
    metadata.set("tokenizer.ggml.pre", text("deepseek-r1-qwen"));
    metadata.delete("tokenizer.ggml.add_bos_token");
    const tensors = [...file.tensors.values()].map(({ name, shape }) => ({
      ...{ name, shape, type: "F32" as const },
      data: () => new Float32Array(shape.reduce((a, b) => a * b)),
    }));
    file.close();
    await writeGguf(`${folder}/b.gguf`, { metadata, tensors });
    const source = await openGgufSource(`${folder}/b.gguf`);
    source.close();
    for (const text of sampleTexts(200)) assert.deepEqual(source.tokenizer.encode(text), tokenizer.encode(text));
    // Where llama.cpp stops: at the turn's end, and at the text's.
    assert.deepEqual(source.tokenizer.eosTokenIds, [2, 0]);
    assert.equal(source.tokenizer.bosTokenId, undefined);
    assert.equal(source.config.eosTokenIds, source.tokenizer.eosTokenIds);
  }));
