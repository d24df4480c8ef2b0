import assert from "node:assert/strict";
import { r3StepsCorpus, toolCallsCorpus, wordProblemsCorpus } from "../../../lib/data/mod.ts";
import { textLogits } from "../../../lib/formats/export/mod.ts";
import { GGUF_TYPES, type GgufType, loadGguf, openGgufSource, saveGguf } from "../../../lib/formats/gguf/mod.ts";
import { type ModelSource, sourceOfModel } from "../../../lib/formats/mod.ts";
import { type CausalLM, generate } from "../../../lib/models/mod.ts";
import type { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { inFolder } from "../../support/in_folder.ts";
import { askLlamaCpp, llamaCppIsHere } from "../../support/llama_cpp.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { qwenIsHere, qwenTokenizer } from "../../tokenizer/qwen.ts";
import { CASES, configOf } from "./families.ts";
import { randomSource, smallConfig } from "./random_source.ts";
import { sampleTexts } from "./sample_texts.ts";
import { TOKENIZERS } from "./tokenizers.ts";

/**
 * By how much logits may differ, at most and as a root mean square, in units of their own standard deviation. In F32
 * llama.cpp computes in float32, as Kiln does. In the others it rounds the hidden state too, to bfloat16, to 8 bits, or on some
 * machines to float16, which Kiln does not: the weights are the same.
 */
const BOUNDS: Readonly<Record<GgufType, { most: number; rms: number }>> = {
  F32: { most: 2e-4, rms: 2e-5 },
  F16: { most: 0.02, rms: 0.002 },
  BF16: { most: 0.1, rms: 0.01 },
  Q8_0: { most: 0.7, rms: 0.07 },
  Q4_0: { most: 0.7, rms: 0.07 },
  Q4_K: { most: 0.7, rms: 0.07 },
};

const CHAT = [{ role: "user", content: "What is 12 + 30?" }];

/** Prompts in which the house model goes on for a while, and a chat that it ends. */
function housePrompts(tokenizer: Tokenizer): number[][] {
  return [
    tokenizer.applyChatTemplate(CHAT, { addGenerationPrompt: true }),
    tokenizer.applyChatTemplate([
      { role: "system", content: "You reason step by step." },
      {
        role: "user",
        content: "Tom has 3 boxes with 12 apples each. He gives 5 apples away. How many apples does he have?",
      },
    ], { addGenerationPrompt: true }) + "<think>\n",
    tokenizer.applyChatTemplate([{ role: "user", content: "Say hello." }], { addGenerationPrompt: true }),
    "The patient is a 54-year-old man with",
    "Question: Which treatment",
  ].map((text) => tokenizer.encode(text));
}

/** Kiln's greedy tokens, and whether they end. */
async function greedy(model: CausalLM, prompts: number[][], stopTokenIds: readonly number[], maxNewTokens: number) {
  const completions = await generate(model, { prompts, maxNewTokens, temperature: 0, stopTokenIds });
  return completions.map(([{ tokenIds, finishReason }]) => ({ ids: tokenIds, ended: finishReason === "stop" }));
}

/**
 * Compares logits at all tokens. The likeliest must be the same wherever it is ahead by more than both could be off.
 *
 * @returns at how many tokens that was so
 */
function compareLogits(
  ours: Float32Array,
  theirs: readonly (readonly number[])[],
  { most, rms }: { most: number; rms: number },
): number {
  const mean = ours.reduce((sum, logit) => sum + logit) / ours.length;
  const deviation = Math.sqrt(ours.reduce((sum, logit) => sum + (logit - mean) ** 2, 0) / ours.length);
  let [worst, squares, clear] = [0, 0, 0];
  for (const [token, row] of theirs.entries()) {
    const own = ours.subarray(token * row.length, (token + 1) * row.length);
    let [first, second, theirFirst] = [0, -1, 0];
    for (const [id, logit] of row.entries()) {
      const difference = Math.abs(logit - own[id]) / deviation;
      worst = Math.max(worst, difference);
      squares += difference ** 2;
      if (own[id] > own[first]) [first, second] = [id, first];
      else if (id !== first && (second < 0 || own[id] > own[second])) second = id;
      if (logit > row[theirFirst]) theirFirst = id;
    }
    if (own[first] - own[second] <= 2 * most * deviation) continue;
    assert.equal(theirFirst, first);
    clear++;
  }
  assert.ok(worst < most, `worst ${worst}`);
  assert.ok(Math.sqrt(squares / ours.length) < rms, `root mean square ${Math.sqrt(squares / ours.length)}`);
  return clear;
}

for (const type of GGUF_TYPES) {
  Deno.test({
    name: `llama.cpp goes on with the house model's tokens in ${type}`,
    ignore: !llamaCppIsHere,
    fn: () =>
      withHouseModel(({ model, tokenizer }) =>
        inFolder(async (folder) => {
          const path = `${folder}/model.gguf`;
          await saveGguf(sourceOfModel(model, tokenizer, "kiln-tiny"), path, { type });
          const back = await loadGguf(path, { engine: model.engine });
          try {
            const prompts = housePrompts(tokenizer);
            const ours = await greedy(back.model, prompts, [...tokenizer.eosTokenIds, 0], 48);
            // What the model writes, all at once: each token's logits do not depend on what was chosen before.
            const whole = prompts.map((ids, i) => [...ids, ...ours[i].ids]);
            const asked = [
              ...prompts.map((ids) => ({ ids, maxTokens: 48 })),
              ...whole.map((ids) => ({ ids, logits: true })),
            ];
            const theirs = await askLlamaCpp({ path, prompts: asked });
            assert.deepEqual(theirs.complaints, []);
            const continued = theirs.completions.slice(0, prompts.length);
            if (type === "F32") assert.deepEqual(continued, ours);
            assert.ok(ours.some(({ ids }) => ids.length >= 32));
            // Chats end with the token that ends a turn.
            const last = continued.slice(0, 3).filter(({ ended }) => ended).map(({ ids }) => ids.at(-1)!);
            assert.ok(last.length > 0);
            assert.ok(last.every((id) => tokenizer.idToToken(id) === "<|im_end|>"));
            let clear = 0;
            for (const [i, ids] of whole.entries()) {
              const { logits } = theirs.completions[prompts.length + i];
              clear += compareLogits(await textLogits(back.model, ids), logits!, BOUNDS[type]);
            }
            assert.ok(clear > 40, `${clear} clear tokens`);
          } finally {
            await back.model.dispose();
          }
        })
      ),
  });
}

for (const family of CASES) {
  Deno.test({
    name: `llama.cpp computes what Kiln does: ${family.title}`,
    ignore: !llamaCppIsHere,
    fn: () =>
      withEngine((engine) =>
        inFolder(async (folder) => {
          const tokenizer = await family.tokenizer();
          const source = randomSource(configOf(family, tokenizer), tokenizer);
          const text = "The cat's 12 hats, 345 + 6789 = 7134.\n\nWhat treatment helps?";
          const prompts = [tokenizer.encode(text), tokenizer.encode(text.slice(0, 20), { addSpecialTokens: true })];
          for (const type of ["F32", "Q8_0", "Q4_K"] as const) {
            const path = `${folder}/${type}.gguf`;
            await saveGguf(source, path, { type });
            const { model } = await loadGguf(path, { engine });
            // A long text, so that far positions count too.
            const long = Array.from({ length: 120 }, (_, i) => 3 + i * 37 % (tokenizer.vocabSize - 3));
            const { completions, complaints } = await askLlamaCpp({
              path,
              prompts: [...prompts.map((ids) => ({ ids, maxTokens: 32 })), { ids: long, logits: true }],
            });
            assert.deepEqual(complaints, []);
            const clear = compareLogits(await textLogits(model, long), completions[2].logits!, BOUNDS[type]);
            if (type === "F32") {
              assert.ok(clear > 100);
              assert.deepEqual(completions.slice(0, 2), await greedy(model, prompts, endsOf(source), 32));
            }
            await model.dispose();
          }
        })
      ),
  });
}

/** Where llama.cpp stops, by a file's own word and by what it knows of tokens. */
function endsOf({ tokenizer }: ModelSource): number[] {
  const known = ["<|endoftext|>", "<|im_end|>", "</s>"].map((token) => tokenizer.tokenToId(token));
  return [...tokenizer.eosTokenIds, ...known.filter((id) => id !== undefined)];
}

Deno.test({
  name: "a quantised file's weights as F32 are the same model to llama.cpp",
  ignore: !llamaCppIsHere,
  fn: () =>
    withHouseModel(({ model, tokenizer }) =>
      inFolder(async (folder) => {
        const prompts = housePrompts(tokenizer);
        for (const type of ["Q8_0", "Q4_K"] as const) {
          await saveGguf(sourceOfModel(model, tokenizer, "kiln-tiny"), `${folder}/a.gguf`, { type });
          const source = await openGgufSource(`${folder}/a.gguf`);
          await saveGguf(source, `${folder}/b.gguf`, { type: "F32" });
          source.close();
          const back = await loadGguf(`${folder}/a.gguf`, { engine: model.engine });
          const ours = await greedy(back.model, prompts, [...tokenizer.eosTokenIds, 0], 40);
          await back.model.dispose();
          const asked = prompts.map((ids) => ({ ids, maxTokens: 40 }));
          assert.deepEqual((await askLlamaCpp({ path: `${folder}/b.gguf`, prompts: asked })).completions, ours);
        }
      })
    ),
});

for (const [name, make] of Object.entries({ ...TOKENIZERS, ...(qwenIsHere ? { "Qwen's own": qwenTokenizer } : {}) })) {
  Deno.test({
    name: `llama.cpp makes the same tokens of thousands of texts: ${name}`,
    ignore: !llamaCppIsHere,
    fn: () =>
      inFolder(async (folder) => {
        const path = `${folder}/model.gguf`;
        const tokenizer = await make();
        const sizes = { hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 1, kvHeads: 1, headDim: 8 };
        const config = smallConfig("llama", tokenizer, { ...sizes, tieWordEmbeddings: true });
        await saveGguf(randomSource(config, tokenizer), path, { type: "F32" });
        const special = [...tokenizer.specialTokenIds].map((id) => tokenizer.idToToken(id)!);
        const texts = [...sampleTexts(3000), ...await libraryTexts()].map((text, i) =>
          i % 3 > 0 ? text : special[i % special.length] + text + special[(i + 1) % special.length] + text.slice(0, 4)
        );
        const asked = texts.flatMap((text) => [{ text, special: true }, { text, special: false }]);
        const ours = asked.map(({ text, special }) => tokenizer.encode(text, { allowSpecial: special }));
        const theirs = await askLlamaCpp({ path, texts: asked });
        for (const [i, { text }] of asked.entries()) assert.deepEqual(theirs.tokens[i], ours[i], JSON.stringify(text));
        assert.equal(theirs.special.eos, tokenizer.eosTokenId);
        assert.equal(
          theirs.special.addsBos,
          tokenizer.encode("a", { addSpecialTokens: true }).length > tokenizer.encode("a").length,
        );
      }),
  });
}

/** Pieces of the documents that ship. */
async function libraryTexts(): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name } of Deno.readDir("data/library")) {
    if (!name.endsWith(".md")) continue;
    const text = (await Deno.readTextFile(`data/library/${name}`)).normalize("NFC");
    for (let at = 0; at < Math.min(text.length, 2000); at += 400) texts.push(text.slice(at, at + 400));
  }
  return texts;
}

Deno.test({
  name: "llama.cpp makes the same tokens of chats with tools, in which the house's added tokens stand side by side",
  ignore: !llamaCppIsHere,
  fn: () =>
    withHouseModel(({ model, tokenizer }) =>
      inFolder(async (folder) => {
        const path = `${folder}/model.gguf`;
        await saveGguf(sourceOfModel(model, tokenizer, "kiln-tiny"), path);
        const texts = [toolCallsCorpus, r3StepsCorpus, wordProblemsCorpus()].flatMap((corpus) =>
          Array.from({ length: 200 }, (_, index) => {
            const { messages, tools } = corpus.exampleAt(index);
            return tokenizer.applyChatTemplate(messages, { tools }).normalize("NFC");
          })
        );
        const { tokens } = await askLlamaCpp({ path, texts: texts.map((text) => ({ text, special: true })) });
        for (const [i, text] of texts.entries()) assert.deepEqual(tokens[i], tokenizer.encode(text), text);
      })
    ),
});

Deno.test({
  name: "llama.cpp makes other tokens of text that is not NFC, and where added tokens overlap: what saveGguf() says",
  ignore: !llamaCppIsHere,
  fn: () =>
    withHouseModel(({ model, tokenizer }) =>
      inFolder(async (folder) => {
        const path = `${folder}/model.gguf`;
        await saveGguf(sourceOfModel(model, tokenizer, "kiln-tiny"), path);
        const texts = ["cafe\u0301", '": ", "arguments": {'];
        const { tokens } = await askLlamaCpp({ path, texts: texts.map((text) => ({ text, special: false })) });
        const textsOf = (ids: number[]) => ids.map((id) => tokenizer.idToToken(id));
        assert.deepEqual(tokenizer.encode(texts[0]), tokenizer.encode("caf\u00e9"));
        assert.notDeepEqual(tokens[0], tokenizer.encode(texts[0]));
        assert.equal(textsOf(tokenizer.encode(texts[1]))[0], '": "');
        assert.equal(textsOf(tokens[1]).at(-1), '", "arguments": {');
      })
    ),
});
