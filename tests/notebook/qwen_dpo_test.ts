/** Notebook 09 on pairs from files, with other losses and a judge behind an endpoint; CI runs it with the house model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CellError } from "../../lib/notebook/run.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { ADAPTER_FOLDER_FILES, readMetrics } from "../../lib/train/mod.ts";
import { chatServer, eventStream } from "../agent/chat/chat_server.ts";
import { wholeReply } from "../agent/chat/openai_endpoint.ts";
import { writeLlamaFolder } from "../support/llama_folder.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("09");
const REAL = fileURLToPath(new URL("../../../shared/data/preferences", import.meta.url));

/** Runs the notebook at smoke size; gives what it shows as text, and the folder of its run. */
async function run(folder: string, parameters: Record<string, string | number | boolean> = {}) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), ...parameters });
  return { text, path: `${outputs}/09-qwen-dpo-001` };
}

async function checkRun(path: string): Promise<void> {
  const metrics = await readMetrics(path);
  assert.deepEqual(metrics.map(({ step }) => step), [1, 2]);
  for (const row of metrics) {
    for (const name of ["loss", "rewards/margins", "eval_rewards/accuracies", "eval_rewards/margins"]) {
      assert.ok(Number.isFinite(row[name]), `${name} of ${JSON.stringify(row)}`);
    }
  }
  for (const file of ADAPTER_FOLDER_FILES) assert.ok((await Deno.stat(`${path}/adapter/${file}`)).size > 0, file);
  for (const chart of ["training.svg", "training.png", "sft.svg"]) {
    assert.ok((await Deno.stat(`${path}/${chart}`)).size > 0, chart);
  }
  assert.match(
    await Deno.readTextFile(`${path}/README.md`),
    /reward accuracy on \d+ held-out pairs \| {2}\| \d+\.\d% \|/,
  );
}

Deno.test("notebook 09 learns from texts and chats of a file by SimPO, with a random Llama, and asks a judge", async () => {
  await using folder = await tempFolder();
  await writeLlamaFolder(join(folder.path, "llama"));
  const turn = (role: string, content: string) => ({ role, content });
  const rows: unknown[] = Array.from(
    { length: 12 },
    (_, i) =>
      i % 2 === 0
        ? { prompt: `What helps ${i}? `, chosen: "The treatment that helps.", rejected: "A patient has weeks." }
        : {
          prompt: [turn("user", `Which cough is ${i}?`)],
          chosen: [turn("assistant", "The cough for weeks.")],
          rejected: [turn("assistant", "Which answer is it?")],
        },
  );
  rows.splice(3, 0, { prompt: "What helps?", chosen: "This." });
  await Deno.writeTextFile(join(folder.path, "pairs.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const verdict = JSON.stringify({ reason: "It is shorter.", better: "first" });
  await using server = chatServer(eventStream(wholeReply(verdict)));
  const parameters = {
    model: fromNotebook(join(folder.path, "llama")),
    dataset: fromNotebook(join(folder.path, "pairs.jsonl")),
    pairs: 12,
  };
  const { text, path } = await run(folder.path, {
    ...parameters,
    lossType: "simpo",
    // So large that the answers change: a judge is not asked about two that are the same.
    learningRate: 0.5,
    endpoint: `${server.origin}/v1`,
    judgeModel: "tiny",
  });
  await checkRun(path);
  assert.match(text, /12 pairs of .*pairs\.jsonl; 1 bad rows left out/);
  assert.match(text, /pairs\.jsonl +4 +.*rejected/);
  assert.match(text, /8 answers to fine-tune on, 8 pairs, 4 held out, 4 requests to be answered/);
  // The first answer in both orders is a matter of the place alone, and so a tie.
  assert.match(text, /tiny +not generated +0 +4 +0 +0 +50\.0%/);
  assert.ok(server.asked.length >= 2 && server.asked.length <= 8, `${server.asked.length} calls`);
  const { chatTemplate } = await Tokenizer.load(`${path}/adapter`);
  assert.match(chatTemplate!, /### Response/);

  await assert.rejects(
    run(folder.path, { ...parameters, onBadRow: "error" }),
    (error) => error instanceof CellError && /pairs\.jsonl, row 4: .*rejected.*1 of 13 bad/.test(error.message),
  );
  await assert.rejects(
    run(folder.path, { ...parameters, dataset: "nowhere.jsonl" }),
    (error) => error instanceof CellError && /nowhere\.jsonl does not exist: expected a \.jsonl/.test(error.message),
  );
});

Deno.test("notebook 09 learns from real pairs of LLaMA-Factory's form, its own answers rejected", async () => {
  if (!await Deno.stat(REAL).then(() => true, () => false)) {
    return console.log(`skipped: the real preference rows are not at ${REAL}`);
  }
  await using folder = await tempFolder();
  const { text, path } = await run(folder.path, {
    dataset: fromNotebook(REAL),
    pairs: 12,
    evalPairs: 2,
    maxCompletionLength: 8,
    rejected: "own",
    control: false,
    maxLength: 512,
  });
  await checkRun(path);
  assert.match(text, /12 pairs of .*train\.jsonl; 0 bad rows left out/);
  const learned = /(\d+) answers to fine-tune on, (\d+) pairs, (\d+) held out/.exec(text)!.slice(1).map(Number);
  assert.ok(learned[1] >= 3 && learned[2] >= 1, learned.join());
  assert.match(text, new RegExp(`the model's own, not judged +${learned[1]}`));
  assert.match(text, /no judge: no rule tells these answers apart/);
});

Deno.test("notebook 09 counts what became of generated requests at every stage", async () => {
  await using folder = await tempFolder();
  const { text, path } = await run(folder.path, { lossType: "ipo", maxSteps: 1, control: false, skillCases: 0 });
  for (const stage of ["no training", "SFT", "SFT \\+ DPO"]) {
    for (const group of ["in the pairs", "left out", "never read about"]) {
      assert.match(text, new RegExp(`${group} +${stage} +\\d+\\.\\d% \\(\\d+ to \\d+\\) +\\d`), `${group}, ${stage}`);
    }
  }
  assert.match(text, /the generator's, (?:generic|unsafe) +\d/);
  const results = JSON.parse(await Deno.readTextFile(`${path}/results.json`));
  const verdicts = results.judged.map(({ better, same, worse, failed }: Record<string, number>) =>
    better + same + worse + failed
  );
  assert.deepEqual(verdicts, [6, 2, 2]);
  assert.match(await Deno.readTextFile(`${path}/README.md`), /not medical advice/);
});
