/** Notebook 02 as a whole: on a random Llama, with rows from a file, by both recipes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLora, saveAdapter } from "../../lib/adapters/mod.ts";
import { generateVignettes } from "../../lib/data/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { CellError } from "../../lib/notebook/run.ts";
import { Random } from "../../lib/random/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { ADAPTER_FOLDER_FILES, createRun, readMetrics } from "../../lib/train/mod.ts";
import { writeLlamaFolder } from "../support/llama_folder.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("02");
const REAL = fileURLToPath(new URL("../../../shared/data/medical_o1", import.meta.url));
const LLAMA = "llama";

/** Runs the notebook at smoke size; gives what it shows as text, and the folder of its run. */
async function run(folder: string, parameters: Record<string, string | number | boolean>) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({
    model: fromNotebook(`${folder}/${LLAMA}`),
    outputs: fromNotebook(outputs),
    ...parameters,
  });
  const number = /saved in \S*02-medical-cot-sft-(\d+)/.exec(text)?.[1];
  return { text, path: `${outputs}/02-medical-cot-sft-${number}` };
}

async function checkRun(path: string): Promise<void> {
  const metrics = await readMetrics(path);
  assert.deepEqual(metrics.map(({ step }) => step), [1, 2]);
  for (const { loss, eval_loss, num_tokens } of metrics) {
    assert.ok(Number.isFinite(loss) && Number.isFinite(eval_loss) && num_tokens > 0, JSON.stringify(metrics));
  }
  for (const file of ADAPTER_FOLDER_FILES) assert.ok((await Deno.stat(`${path}/adapter/${file}`)).size > 0, file);
  const { chatTemplate } = await Tokenizer.load(`${path}/adapter`);
  assert.equal(chatTemplate, await Deno.readTextFile(`${path}/adapter/chat_template.jinja`));
  const card = await Deno.readTextFile(`${path}/README.md`);
  assert.match(card, /not medical advice/);
  assert.match(card, /loss on \d+ held-out rows \| \d+\.\d{3} \| \d+\.\d{3} \|/);
}

Deno.test("notebook 02 trains a random Llama by both recipes on rows of a file, and counts the bad ones", async () => {
  await using folder = await tempFolder();
  await writeLlamaFolder(join(folder.path, LLAMA));
  const rows: unknown[] = generateVignettes({ seed: 1, count: 40 })
    .map(({ Question, Complex_CoT, Response }) => ({ Question, Complex_CoT, Response }));
  rows.splice(3, 0, { Question: "Why?", Complex_CoT: "Because." }, { Question: "", Complex_CoT: "x", Response: "y" });
  rows.push({ Question: "How much?", Complex_CoT: "more ".repeat(9000), Response: "That much." });
  const file = join(folder.path, "rows.json");
  await Deno.writeTextFile(file, JSON.stringify(rows));
  const dataset = fromNotebook(file);

  const first = await run(folder.path, { dataset, recipe: "r1-distill" });
  await checkRun(first.path);
  assert.match(first.text, /llama, 2 layers, [\d,]+ weights in 4bit/);
  assert.match(first.text, /training begins with a new adapter, as asked for/);
  assert.match(first.text, /3 bad rows left out/);
  assert.match(first.text, / 4 +Response: expected a text, got none/);
  assert.match(first.text, / 43 +[\d,]+ tokens, more than 32,768/);
  assert.match(first.text, /masked: +"<\|begin_of_text\|>### Instruction:.*### Response:\\n"/);
  assert.match(first.text, /learned: "<think>\\n.*<\|end_of_text\|>"/);
  assert.match(first.text, /36 rows to learn from and 4 held out/);

  // The second recipe goes on from what notebook 01 left.
  const engine = await createEngine({ threads: 1 });
  const model = await loadModel(join(folder.path, LLAMA), { engine });
  const grpo = await createRun("01-grpo-gsm8k", {}, { outputs: `${folder.path}/outputs` });
  await grpo.close();
  const adapter = await createLora(model, new Random(1), { r: 3 });
  const baseModel = fromNotebook(join(folder.path, LLAMA));
  await saveAdapter(model, adapter, `${grpo.path}/adapter`, { baseModel });
  await engine.dispose();
  const second = await run(folder.path, { dataset, recipe: "qwen" });
  await checkRun(second.path);
  assert.match(second.text, /training begins with the adapter in .*01-grpo-gsm8k-001\/adapter/);
  assert.match(second.text, /a LoRA of rank 3 with alpha 8/);
  assert.match(second.text, /learned: ".*<answer>\\n.*\\n<\/answer><\|end_of_text\|>"/);
  const config = JSON.parse(await Deno.readTextFile(`${second.path}/adapter/adapter_config.json`));
  assert.deepEqual([config.r, config.base_model_name_or_path], [3, baseModel]);

  await assert.rejects(
    run(folder.path, { dataset, recipe: "qwen", onBadRow: "error" }),
    (error) => error instanceof CellError && /rows\.json, row 4: Response: .*3 of 43 rows are bad/.test(error.message),
  );
});

Deno.test("notebook 02 trains a random Llama on the real medical-o1 rows", async () => {
  if (!await Deno.stat(REAL).then(() => true, () => false)) {
    return console.log(`skipped: the real medical-o1 rows are not at ${REAL}`);
  }
  await using folder = await tempFolder();
  await writeLlamaFolder(join(folder.path, LLAMA));
  const { text, path } = await run(folder.path, {
    dataset: fromNotebook(REAL),
    recipe: "qwen",
    maxLength: 512,
  });
  await checkRun(path);
  assert.match(text, /54 rows to learn from and 6 held out/);
  assert.match(text, /0 bad rows left out/);
  assert.match(text, /100.0% are truncated/);
  assert.match(text, /a new adapter, since there is no run called 01-grpo-gsm8k/);
  assert.match(text, /not in the data set +\d+/);
});
