import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createLora } from "../../lib/adapters/mod.ts";
import { toVignetteChat } from "../../lib/data/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { chatMlTemplate, renderChat, Tokenizer } from "../../lib/tokenizer/mod.ts";
import {
  applyLongRows,
  COT_RECIPE_NAMES,
  COT_RECIPES,
  cotLengthCheck,
  type CotRecipe,
  type CotRow,
  cotSettings,
  cotTokenizer,
  renderPrompt,
  rolloutScorer,
  sft,
  tokenizeCot,
} from "../../lib/train/mod.ts";
import { llamaTokenizer } from "../support/llama_folder.ts";
import { collect, TINY_MODEL, withTinyModel } from "../support/tiny_model.ts";
import { configOfSize } from "../support/config_of_size.ts";

const house = await Tokenizer.load(fileURLToPath(new URL("../../data/models/kiln-tiny", import.meta.url)));
const row: CotRow = {
  Question: "A man has had chest pain for hours. Which test is next?",
  Complex_CoT: "Chest pain may come from the heart.\nAn ECG shows it.",
  Response: "An ECG.",
};
const small: CotRecipe["small"] = COT_RECIPES.qwen.small;

Deno.test("COT_RECIPES hold the published settings", () => {
  const { published: qwen } = COT_RECIPES.qwen;
  assert.equal(qwen.perDeviceTrainBatchSize * qwen.gradientAccumulationSteps, 32);
  assert.deepEqual(
    [qwen.rows, qwen.learningRate, qwen.numTrainEpochs, qwen.warmupSteps, qwen.lrSchedulerType, qwen.maxSteps],
    [10_000, 3e-5, 2, 0.03, "cosine", -1],
  );
  const { published: distill } = COT_RECIPES["r1-distill"];
  assert.deepEqual([distill.perDeviceTrainBatchSize, distill.gradientAccumulationSteps], [2, 4]);
  assert.deepEqual([distill.loraRank, distill.loraAlpha, distill.precision, distill.maxLength], [16, 16, "4bit", 2048]);
  assert.deepEqual(
    [
      distill.rows,
      distill.learningRate,
      distill.lrSchedulerType,
      distill.warmupSteps,
      distill.maxSteps,
      distill.weightDecay,
    ],
    [500, 2e-4, "linear", 5, 60, 0.01],
  );
});

Deno.test("cotSettings() takes the published values for large models, others for small ones, and the caller's before both", () => {
  const recipe = COT_RECIPES.qwen;
  const published = cotSettings(recipe, { config: configOfSize(494e6) });
  assert.deepEqual(published, recipe.published);
  const ours = cotSettings(recipe, { config: configOfSize(3e6) });
  assert.deepEqual(ours, { ...recipe.published, ...small });
  assert.deepEqual(cotSettings(recipe, { config: configOfSize(3e6), size: "published" }), published);
  assert.deepEqual(cotSettings(recipe, { config: configOfSize(3e9), size: "small" }), ours);
  const overrides = { learningRate: 1, packing: false, warmupSteps: 0, maxSteps: null, rows: undefined, model: "x" };
  assert.deepEqual(
    cotSettings(recipe, { config: configOfSize(3e6), overrides }),
    { ...ours, learningRate: 1, packing: false, warmupSteps: 0 },
  );
  assert.equal(
    cotSettings(recipe, { config: configOfSize(494e6, 1024) }).maxLength,
    1024,
    "no more than the model reads",
  );
});

Deno.test("the recipes write the completions that were published", () => {
  const { Complex_CoT, Response } = row;
  assert.equal(COT_RECIPES.qwen.prefill, "<think>\n");
  assert.equal(COT_RECIPES.qwen.completion(row), `${Complex_CoT}\n</think>\n<answer>\n${Response}\n</answer>`);
  // The house model is pretrained on chats like these.
  const chat = toVignetteChat(row);
  assert.deepEqual(COT_RECIPES.qwen.prompt(row.Question), chat.prompt);
  assert.equal(COT_RECIPES.qwen.completion(row), chat.completion);
  assert.equal(COT_RECIPES["r1-distill"].prefill, "");
  assert.equal(COT_RECIPES["r1-distill"].completion(row), `<think>\n${Complex_CoT}\n</think>\n${Response}`);
});

for (const [kind, own] of [["house", house], ["llama", await llamaTokenizer()]] as const) {
  for (const name of COT_RECIPE_NAMES) {
    const recipe: CotRecipe = COT_RECIPES[name];
    const tokenizer = cotTokenizer(own, recipe);
    const end = tokenizer.idToToken(tokenizer.eosTokenId!)!;

    Deno.test(`tokenizeCot() masks the prompt and learns completion and end token (${name}, ${kind})`, () => {
      const { ids, lossMask } = tokenizeCot(row, { tokenizer, recipe });
      const learned = ids.filter((_, i) => lossMask[i]);
      const masked = ids.filter((_, i) => !lossMask[i]);
      assert.equal(tokenizer.decode(learned), recipe.completion(row) + end);
      assert.equal(learned.at(-1), tokenizer.eosTokenId);
      assert.equal(learned.filter((id) => id === tokenizer.eosTokenId).length, 1);
      const prompt = renderPrompt({ prompt: recipe.prompt(row.Question) }, tokenizer, recipe.prefill);
      assert.equal(tokenizer.decode(masked), prompt);
      assert.ok(prompt.includes(row.Question) && prompt.endsWith(recipe.prefill));
      assert.ok(lossMask.lastIndexOf(false) < lossMask.indexOf(true), "the prompt comes first");
      // A Llama's text begins with its first token, once.
      const first = tokenizer.bosTokenId;
      const expected = first !== undefined && name === "r1-distill" ? 1 : 0;
      assert.equal(ids.filter((id) => id === first).length, expected);
    });

    Deno.test(`tokenizeCot() gives the prompt that generation starts from (${name}, ${kind})`, async () => {
      let asked: readonly (readonly number[])[] = [];
      const score = rolloutScorer({
        tokenizer,
        prefill: recipe.prefill,
        numGenerations: 1,
        rewards: { none: ({ completions }) => completions.map(() => 0) },
      });
      await score([{ prompt: recipe.prompt(row.Question) }], ({ prompts }) => {
        asked = prompts;
        return Promise.resolve([{ tokenIds: [tokenizer.eosTokenId!], terminated: true }]);
      }, 0);
      const { ids, lossMask } = tokenizeCot(row, { tokenizer, recipe });
      assert.deepEqual(asked, [ids.slice(0, lossMask.indexOf(true))]);
    });
  }
}

Deno.test("cotTokenizer() brings the recipe's template, else keeps the model's, else takes ChatML", async () => {
  const llama = await llamaTokenizer();
  assert.equal(llama.chatTemplate, undefined);
  assert.equal(cotTokenizer(llama, COT_RECIPES.qwen).chatTemplate, chatMlTemplate);
  assert.equal(cotTokenizer(house, COT_RECIPES.qwen).chatTemplate, house.chatTemplate);
  const own: CotRecipe = COT_RECIPES["r1-distill"];
  assert.equal(cotTokenizer(house, own).chatTemplate, own.chatTemplate);
});

Deno.test("the Alpaca template opens and closes each response, and lets a system message instruct", async () => {
  const tokenizer = cotTokenizer(await llamaTokenizer(), COT_RECIPES["r1-distill"]);
  const chat = [{ role: "user", content: "Q1" }, { role: "assistant", content: "A1" }, { role: "user", content: "Q2" }];
  const asked = tokenizer.applyChatTemplate(chat, { addGenerationPrompt: true });
  assert.match(
    asked,
    /^<\|begin_of_text\|>### Instruction:\n[^\n]+\n\n### Question:\nQ1\n\n### Response:\nA1<\|end_of_text\|>\n\n### Question:\nQ2\n\n### Response:\n$/,
  );
  const { text, ids, assistantMask } = renderChat(tokenizer, [...chat, { role: "assistant", content: "A2" }]);
  assert.equal(text, `${asked}A2<|end_of_text|>`);
  assert.equal(tokenizer.decode(ids.filter((_, i) => assistantMask[i] === 1)), "A1<|end_of_text|>A2<|end_of_text|>");
  const told = tokenizer.applyChatTemplate([{ role: "system", content: "Be brief." }, chat[0]]);
  assert.equal(told, "<|begin_of_text|>### Instruction:\nBe brief.\n\n### Question:\nQ1");
  for (const role of ["tool", "system"]) {
    assert.throws(() => tokenizer.applyChatTemplate([chat[0], { role, content: "x" }]), /Roles are .*, not /);
  }
  // A tokenizer without a first token writes none.
  assert.match(cotTokenizer(house, COT_RECIPES["r1-distill"]).applyChatTemplate(chat), /^### Instruction:/);
});

Deno.test("cotLengthCheck() refuses exactly the rows that have more tokens than the limit", () => {
  const tokenizing = { tokenizer: cotTokenizer(house, COT_RECIPES.qwen), recipe: COT_RECIPES.qwen };
  for (const text of ["water ", "é", "鍵", "3.14 "]) {
    const long = { ...row, Complex_CoT: text.repeat(200) };
    const { length } = tokenizeCot(long, tokenizing).ids;
    assert.equal(cotLengthCheck({ ...tokenizing, maxTokens: length })(long), null, text);
    assert.equal(
      cotLengthCheck({ ...tokenizing, maxTokens: length - 1 })(long),
      `${length.toLocaleString("en")} tokens, more than ${(length - 1).toLocaleString("en")}`,
    );
  }
});

Deno.test("applyLongRows() truncates, drops or refuses", () => {
  const examples = [3, 9, 5, 8].map((length) => ({
    ids: Array.from({ length }, (_, i) => i),
    lossMask: Array.from({ length }, (_, i) => i > 0),
  }));
  const apply = (onLongRow: "truncate" | "drop" | "error", maxLength: number) =>
    applyLongRows(examples, { maxLength, onLongRow, name: "trainDataset" });
  assert.deepEqual(apply("truncate", 5), { examples, long: 2 });
  assert.deepEqual(apply("drop", 5), { examples: [examples[0], examples[2]], long: 2 });
  assert.deepEqual(apply("error", 9), { examples, long: 0 });
  assert.throws(() => apply("error", 5), /trainDataset: row 1 has 9 tokens, more than maxLength 5 \(2 of 4 rows/);
  assert.throws(() => apply("drop", 2), /trainDataset: every row is longer than maxLength 2/);
});

Deno.test("sft() counts one end label a row for rows that fit, and none for those that are cut", () =>
  withTinyModel(async (model) => {
    // The tiny model's vocabulary is smaller than any tokenizer's: its own ids stand for the texts.
    const rows = [6, 12].map((length) => ({
      ids: [...Array.from({ length: length - 1 }, (_, i) => 2 + i), model.config.eosTokenIds[0] ?? 1],
      lossMask: Array.from({ length }, (_, i) => i >= 2),
    }));
    for (const [maxLength, ends] of [[12, 2], [8, 1]]) {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const [step] = await collect(
        sft({ model, adapter, trainDataset: rows, maxLength, maxSteps: 1, learningRate: 0 }),
      );
      assert.equal(step.metrics.num_eos_labels, ends, `${TINY_MODEL} at ${maxLength}`);
    }
  }));
