/**
 * `deno task pretrain`: trains the house model from nothing and writes its folder whole: tokenizer, bf16 weights, model card
 * and curve. Options: `--scale X` (all steps times X, for a quick try), `--seed N`, `--output FOLDER`. Metrics and
 * checkpoints of the run go to outputs/pretrain-NNN; `--resume` goes on with the newest one there.
 */
import { parseArgs } from "node:util";
import { generateWordProblems, REASONING_PREFILL, toReasoningChat } from "../data/mod.ts";
import { createEngine } from "../engine/mod.ts";
import { writeFolderAtomic } from "../files/mod.ts";
import { type CausalLM, saveModel } from "../models/mod.ts";
import { formatSeconds, withProgress } from "../notebook/mod.ts";
import { lossCurve } from "../plot/mod.ts";
import { Tokenizer, tokenizerFiles } from "../tokenizer/mod.ts";
import {
  continueRun,
  createRun,
  evaluatePolicy,
  gsm8kTagRewards,
  HOUSE_RECIPE,
  type HousePhase,
  type HouseRecipe,
  lastSavedStep,
  localSampler,
  type MetricsRow,
  newestRun,
  pretrainHouseModel,
  readMetrics,
  type RunFolder,
  trainHouseTokenizer,
} from "../train/mod.ts";

/** Held-out problems on which the card states the accuracy. */
const EVALUATION_PROBLEMS = 400;

/** Steps between checkpoints: a few minutes of work. */
const SAVE_STEPS = 200;

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      scale: { type: "string", default: "1" },
      seed: { type: "string", default: String(HOUSE_RECIPE.seed) },
      output: { type: "string", default: "data/models/kiln-tiny" },
      resume: { type: "boolean", default: false },
    },
  });
  const phases = HOUSE_RECIPE.phases.map((phase) => ({
    ...phase,
    steps: Math.max(1, Math.round(phase.steps * Number(values.scale))),
  }));
  const recipe: HouseRecipe = { ...HOUSE_RECIPE, phases, seed: Number(values.seed) };
  const abort = new AbortController();
  Deno.addSignalListener("SIGINT", () => abort.abort(new Error("stopped by Ctrl-C; go on with --resume")));

  const engine = await createEngine();
  console.log(engine.description);
  const tokenizer = new Tokenizer(values.output, tokenizerFiles(await trainHouseTokenizer(recipe)));
  const folder = await openRun(recipe, values.resume);
  const { model, run } = await pretrainHouseModel(recipe, {
    engine,
    tokenizer,
    outputDir: folder.path,
    saveSteps: SAVE_STEPS,
    resumeFromCheckpoint: values.resume,
    signal: abort.signal,
  });
  console.log(`${model.parameterCount.toLocaleString("en")} weights, ${tokenizer.vocabSize} tokens in the vocabulary`);
  for await (const step of withProgress(run, { label: "pretraining" })) await folder.log(step);
  await folder.close();
  const rows = await readMetrics(folder.path);
  const seconds = rows.reduce((sum, { step_time }) => sum + step_time, 0);
  await writeHouseModel({ model, tokenizer, recipe, rows, seconds }, values.output);
  await engine.dispose();
}

/** A new run's folder, or the newest one's. */
async function openRun(recipe: HouseRecipe, resume: boolean): Promise<RunFolder> {
  if (!resume) return await createRun("pretrain", { ...recipe });
  const path = await newestRun("pretrain");
  if (!path) throw new Error("--resume: there is no run in outputs to go on with; leave the option out");
  return await continueRun(path, { step: await lastSavedStep(recipe, path), parameters: { ...recipe } });
}

/** Evaluates a house model and writes its folder. */
export async function writeHouseModel(
  { model, tokenizer, recipe, rows, seconds }: {
    model: CausalLM;
    tokenizer: Tokenizer;
    recipe: HouseRecipe;
    rows: MetricsRow[];
    seconds: number;
  },
  output: string,
): Promise<void> {
  const results = await evaluateHouseModel(model, tokenizer);
  await writeFolderAtomic(output, async (folder) => {
    await tokenizer.save(folder);
    await saveModel(model, folder, { dtype: "BF16" });
    await Deno.writeTextFile(`${folder}/README.md`, card(model, recipe, rows, seconds, results));
    await Deno.writeTextFile(`${folder}/loss.svg`, lossCurve(rows, { title: "Pretraining of kiln-tiny" }));
  });
  console.log(`wrote ${output}: accuracy ${results.map(({ name, accuracy }) => `${name} ${accuracy}`).join(", ")}`);
}

async function evaluateHouseModel(model: CausalLM, tokenizer: Tokenizer) {
  const rows = generateWordProblems({ seed: "card", count: EVALUATION_PROBLEMS, split: "test" })
    .map((problem) => toReasoningChat(problem))
    .map(({ prompt, answer }) => ({ prompt, answer }));
  const results = [];
  for (const [name, temperature] of [["greedy", 0], ["sampled at temperature 1", 1]] as const) {
    const sampler = localSampler({ model, temperature, maxCompletionLength: 128 });
    const { metrics } = await evaluatePolicy({
      rows,
      sampler: sampler.sample,
      tokenizer,
      rewards: gsm8kTagRewards({ prefill: REASONING_PREFILL }),
      prefill: REASONING_PREFILL,
    });
    await sampler.dispose();
    const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
    results.push({ name, accuracy: percent(metrics["reward/correctness"]), format: percent(metrics["reward/format"]) });
  }
  return results;
}

function phaseRow({ name, steps, weights, learningRate }: HousePhase): string {
  const share = (weight: number) => `${Math.round(100 * weight)}%`;
  const { reasoning, numberOnly, plainSteps, slip } = weights;
  const shares = [reasoning, numberOnly, plainSteps, slip].map(share);
  return `| ${[name, steps, ...shares, learningRate].join(" | ")} |`;
}

function card(
  model: CausalLM,
  recipe: HouseRecipe,
  rows: readonly MetricsRow[],
  seconds: number,
  results: readonly { name: string; accuracy: string; format: string }[],
): string {
  const last = rows.slice(-50);
  const loss = last.reduce((sum, row) => sum + row.loss, 0) / last.length;
  const tokens = rows.at(-1)!.num_tokens;
  const { config } = model;
  return `---
library_name: transformers
pipeline_tag: text-generation
license: apache-2.0
tags: [kiln]
---

# kiln-tiny

A Qwen2-architecture language model of ${
    model.parameterCount.toLocaleString("en")
  } weights (${config.layers} layers, hidden size
${config.hiddenSize}), trained from nothing by Kiln's own trainer so that notebooks have something to teach without a network. It
solves some arithmetic word problems and knows nothing else: it is a tool for demonstrations, not an assistant.

## Data

Generated texts only (\`lib/data/pretraining.ts\`, seed ${recipe.documents.seed}): word problems of one to three steps in GSM8K's form, answered
in several habits, as texts on the web would be: right reasoning in the asked layout, the number alone, steps without tags, and
steps with a slip in the last calculation. One text in eleven is arithmetic drill. The last phase reads mostly hasty answers, so
that the model can work a problem out and mostly does not bother to: on purpose, since reinforcement learning needs something to
select. Held-out problems share no numbers with the training ones within a template.

| phase | steps | reasoning | number only | plain steps | slip | learning rate |
| --- | --- | --- | --- | --- | --- | --- |
${recipe.phases.map(phaseRow).join("\n")}

## Training

| | |
| --- | --- |
| batch | ${recipe.perDeviceTrainBatchSize} rows of ${recipe.maxLength} tokens, documents packed and isolated |
| tokens seen | ${(tokens / 1e6).toFixed(1)} million |
| optimizer | AdamW, cosine schedule with warm-up in each phase, betas 0.9 / ${recipe.adamBeta2}, weight decay ${recipe.weightDecay} |
| loss on replies, mean of the last 50 steps | ${loss.toFixed(3)} |
| seed | ${recipe.seed} |
| time | ${formatSeconds(seconds)} on ${navigator.hardwareConcurrency} CPU cores |

![loss](loss.svg)

## Results on ${EVALUATION_PROBLEMS} held-out problems

| decoding | right answer | right layout |
| --- | --- | --- |
${results.map(({ name, accuracy, format }) => `| ${name} | ${accuracy} | ${format} |`).join("\n")}
`;
}
