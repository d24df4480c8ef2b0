/**
 * `deno task pretrain`: trains the house model from nothing and writes its folder whole: tokenizer, bf16 weights, model card
 * and curve. Options: `--scale X` (all steps times X, for a quick try), `--cases N` (held-out cases of each task that the card
 * states results on; a model that was hardly trained never ends its replies, so that few are enough for it), `--seed N`,
 * `--output FOLDER`. Metrics and checkpoints of the run go to outputs/pretrain-NNN; `--resume` goes on with the newest one there.
 */
import { parseArgs } from "node:util";
import { createEngine } from "../engine/mod.ts";
import { writeFileAtomic, writeFolderAtomic } from "../files/mod.ts";
import { type CausalLM, saveModel } from "../models/mod.ts";
import { formatSeconds, withProgress } from "../notebook/mod.ts";
import { liveChart, lossCurve, type StepRow, type SvgString } from "../plot/mod.ts";
import { Tokenizer, tokenizerFiles } from "../tokenizer/mod.ts";
import {
  continueRun,
  createRun,
  evaluateHouseModel,
  HOUSE_RECIPE,
  type HousePhase,
  type HouseRecipe,
  type HouseScore,
  houseTasks,
  lastSavedStep,
  type MetricsRow,
  newestRun,
  pretrainHouseModel,
  readMetrics,
  type RunFolder,
  trainHouseTokenizer,
} from "../train/mod.ts";
import { scoreRows } from "./eval_house.ts";
import { markdownTable } from "./markdown_table.ts";
import { stoppable } from "./stoppable.ts";

/** Steps between checkpoints: a few minutes of work. */
const SAVE_STEPS = 200;

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      scale: { type: "string", default: "1" },
      cases: { type: "string", default: "400" },
      seed: { type: "string", default: String(HOUSE_RECIPE.seed) },
      output: { type: "string", default: "data/models/kiln-tiny" },
      resume: { type: "boolean", default: false },
    },
  });
  const cases = Number(values.cases);
  if (!Number.isInteger(cases) || cases < 1) throw new Error(`--cases ${values.cases}: expected a whole number from 1`);
  const phases = HOUSE_RECIPE.phases.map((phase) => ({
    ...phase,
    steps: Math.max(1, Math.round(phase.steps * Number(values.scale))),
  }));
  const recipe: HouseRecipe = { ...HOUSE_RECIPE, phases, seed: Number(values.seed) };
  await stoppable("go on with --resume", async (signal) => {
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
      signal,
    });
    console.log(
      `${model.parameterCount.toLocaleString("en")} weights, ${tokenizer.vocabSize} tokens in the vocabulary`,
    );
    const curve = liveChart({
      draw: drawCurve,
      display: { show: (svg) => writeFileAtomic(`${folder.path}/loss.svg`, svg) },
      everyMs: 30_000,
    });
    console.log(`the curve as it grows: ${folder.path}/loss.svg`);
    const rows = await readMetrics(folder.path);
    for await (const step of withProgress(run, { label: "pretraining" })) {
      await folder.log(step);
      rows.push({ step: step.step, ...step.metrics } as MetricsRow);
      await curve.update(rows);
    }
    await curve.finish();
    await folder.close();
    const seconds = rows.reduce((sum, { step_time }) => sum + step_time, 0);
    await writeHouseModel({ model, tokenizer, recipe, rows, seconds, cases }, values.output);
    await engine.dispose();
  });
}

/** The loss over all phases. */
function drawCurve(rows: readonly StepRow[]): SvgString {
  return lossCurve(rows, { title: "Pretraining of kiln-tiny" });
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
  { model, tokenizer, recipe, rows, seconds, cases }: {
    model: CausalLM;
    tokenizer: Tokenizer;
    recipe: HouseRecipe;
    rows: MetricsRow[];
    seconds: number;
    cases: number;
  },
  output: string,
): Promise<void> {
  const onTask = (corpus: string) => console.log(`... measuring: ${corpus}`);
  const scores = await evaluateHouseModel({ model, tokenizer, tasks: houseTasks(), cases, onTask });
  await writeFolderAtomic(output, async (folder) => {
    await tokenizer.save(folder);
    await saveModel(model, folder, { dtype: "BF16" });
    await Deno.writeTextFile(`${folder}/README.md`, card({ model, recipe, rows, seconds, cases, scores }));
    await Deno.writeTextFile(`${folder}/loss.svg`, drawCurve(rows));
  });
  console.log(`wrote ${output}`);
}

/** Each corpus' share of a phase's texts. */
function sharesTable(phases: readonly HousePhase[]): string {
  const names = [...new Set(phases.flatMap(({ shares }) => Object.keys(shares)))];
  const percent = ({ shares }: HousePhase, name: string) =>
    `${(100 * (shares[name] ?? 0) / Object.values(shares).reduce((sum, share) => sum + share)).toFixed(1)}%`;
  return markdownTable(
    names.map((corpus) => ({
      corpus,
      ...Object.fromEntries(phases.map((phase) => [phase.name, percent(phase, corpus)])),
    })),
  );
}

function card(
  { model, recipe, rows, seconds, cases, scores }: {
    model: CausalLM;
    recipe: HouseRecipe;
    rows: readonly MetricsRow[];
    seconds: number;
    cases: number;
    scores: readonly HouseScore[];
  },
): string {
  const last = rows.slice(-50);
  const loss = last.reduce((sum, row) => sum + row.loss, 0) / last.length;
  const tokens = rows.at(-1)!.num_tokens;
  const { config } = model;
  const phases = recipe.phases.map(({ name, steps, learningRate, lrSchedulerType, learnedWhole, habits }) => ({
    phase: name,
    steps: String(steps),
    "learning rate": `${learningRate}, ${lrSchedulerType.replaceAll("_", " ")}`,
    "texts learned whole": `${Math.round(100 * learnedWhole)}%`,
    "word problems answered by": Object.entries(habits).map(([habit, share]) => `${habit} ${Math.round(100 * share)}%`)
      .join(", "),
  }));
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
${config.hiddenSize}, ${config.vocabSize} tokens), trained from nothing by Kiln's own trainer so that notebooks have something to teach without
a network. It knows the few tasks below and nothing else: a tool for demonstrations, not an assistant. What it says about
medicine is synthetic and not medical advice.

## Data

Generated texts only (\`lib/data/corpora\`, seed ${recipe.documents.seed}); held-out texts share no template with the same parts. Loss on the
assistant's turns, and on the whole of some texts (below). On purpose the texts are unfinished where a notebook teaches: word problems are mostly answered in haste, six in ten
conditions never occur, half of the advice is generic or unsafe, and search results are often used unvetted.

${sharesTable(recipe.phases)}

## Training

${markdownTable(phases)}

| | |
| --- | --- |
| batch | ${recipe.perDeviceTrainBatchSize} rows of ${recipe.maxLength} tokens, documents packed and isolated |
| tokens read | ${(tokens / 1e6).toFixed(1)} million |
| optimizer | ${
    recipe.optim === "muon" ? "Muon for the layers' matrices, AdamW for the rest" : "AdamW"
  }, betas 0.9 / ${recipe.adamBeta2}, weight decay ${recipe.weightDecay} |
| loss on replies, mean of the last 50 steps | ${loss.toFixed(3)} |
| seed | ${recipe.seed} |
| time | ${formatSeconds(seconds)} on ${navigator.hardwareConcurrency} CPU cores |

![loss](loss.svg)

## Results

Greedy replies (and, where it says so, replies drawn at temperature 1) to up to ${cases} held-out cases of each task:

${markdownTable(scoreRows(scores))}
`;
}
