/** A recipe for TRL: train.py, config.yaml, accelerate.yaml, data as JSON Lines. */
import { accelerateConfig, type ZeroChoice } from "../accelerate.ts";
import { addMapping, type Readme, type RecipeFiles, recipeReadme, toJsonl } from "../common_files.ts";
import { DERIVED, type Facts } from "../facts.ts";
import { applyRules, fieldsOf, type Json, type Mapping, RecipeError, type Rule } from "../mapping.ts";
import type { RecordedRun } from "../read_run.ts";
import { trlRewards } from "../rewards_py.ts";
import { missingData, type RunData } from "../run_data.ts";
import { toYaml } from "../yaml.ts";
import { type TrlData, trlExamples, trlPairs, trlPrompts } from "./data.ts";
import { addedFields, dpoRules, grpoRules, sftRules } from "./rules.ts";

/** The version that the recipe is for and was checked with. */
export const TRL_VERSION = "1.16.0";

const RULES: Readonly<Record<"sft" | "grpo" | "dpo", Readonly<Record<string, Rule<Facts>>>>> = {
  sft: sftRules,
  grpo: grpoRules,
  dpo: dpoRules,
};

/** What all writers are given. */
export interface WriterInput {
  run: RecordedRun;
  facts: Facts;
  data: RunData;
  zero: ZeroChoice;
}

/**
 * Makes the files.
 *
 * @throws {RecipeError} when TRL cannot do what the run did; the message says what can
 */
export async function trlRecipe(
  { run, facts, data, zero }: WriterInput,
): Promise<{ files: RecipeFiles; mapping: Mapping }> {
  const { method } = run;
  if (method === "ppo") {
    throw new RecipeError(`TRL ${TRL_VERSION} has no PPO trainer any more: --to verl has one`);
  }
  const rows = trlRows(data, "train");
  const held = data.held === null ? null : trlRows(data, "held");
  // One form for both: what is learned is said once.
  if (held !== null && held.format !== rows.format && !data.tooMany) {
    throw new RecipeError(`trainDataset is ${rows.format}, evalDataset ${held.format}: expected rows of one form`);
  }
  const mapping: Mapping = {
    tool: "TRL",
    version: TRL_VERSION,
    method,
    options: applyRules(RULES[method], facts.values, facts, DERIVED),
    added: [...addedFields(facts), ...rows.added],
  };
  const files: RecipeFiles = new Map();
  files.set("config.yaml", toYaml(fieldsOf(mapping)));
  files.set("accelerate.yaml", toYaml(accelerateConfig(facts, zero)));
  files.set("train.py", await Deno.readTextFile(new URL(`../python/trl_${method}.py`, import.meta.url)));
  if (method === "grpo") files.set("rewards.py", await trlRewards(run.record.rewards ?? {}));
  if (!data.tooMany) files.set("data/train.jsonl", toJsonl(rows.rows));
  if (held !== null) files.set("data/eval.jsonl", toJsonl(held.rows));
  files.set("requirements.txt", requirements(facts, zero));
  addMapping(files, mapping);
  const readme: Readme = {
    title: `${method.toUpperCase()} with TRL`,
    ...{ run, facts, mapping },
    install: "pip install -r requirements.txt",
    launch: "accelerate launch --config_file accelerate.yaml train.py --config config.yaml",
    notes: notesOf(facts, zero),
    data: data.tooMany
      ? missingData(run, "data/train.jsonl, in one of TRL's formats")
      : `${rows.rows.length.toLocaleString("en")} rows in data/train.jsonl: ${rows.format}.`,
    result: `What was trained is in \`output/${run.record.adapter ? "adapter" : "model"}\`.`,
  };
  files.set("README.md", recipeReadme(readme));
  return { files, mapping };
}

function trlRows({ texts, ...data }: RunData, part: "train" | "held"): TrlData {
  switch (data.kind) {
    case "examples":
      return trlExamples(data[part]!, texts);
    case "pairs":
      return trlPairs(data[part]!, texts);
    case "prompts":
      return trlPrompts(data.train, texts);
  }
}

function notesOf({ method, vllmMode, batch }: Facts, zero: ZeroChoice): string[] {
  const notes: string[] = [];
  if (zero.stage > 0) notes.push(`DeepSpeed ZeRO stage ${zero.stage}: ${zero.why}.`);
  if (method === "grpo" && vllmMode === "server") {
    notes.push(
      "vLLM runs on cards of its own. Before training: " +
        `\`CUDA_VISIBLE_DEVICES=${batch.gpus} trl vllm-serve --model MODEL\`, and train on the others ` +
        `(\`CUDA_VISIBLE_DEVICES=${Array.from({ length: batch.gpus }, (_, i) => i).join(",")}\`).`,
    );
  }
  return notes;
}

function requirements({ method, values, record }: Facts, zero: ZeroChoice): string {
  const bits = ["4bit", "8bit"].includes(record.model.precision?.weights ?? "float32") || values.optim === "adamw8bit";
  const packages: Record<string, Json> = {
    trl: TRL_VERSION,
    // vLLM 0.31 reads no newer one.
    transformers: method === "grpo" ? "5.17.0" : "5.23.0",
    peft: "0.21.2",
    accelerate: "1.15.0",
    datasets: "5.2.0",
    tensorboard: "2.21.0",
    ...(zero.stage > 0 ? { deepspeed: "0.19.8" } : {}),
    ...(bits ? { bitsandbytes: "0.50.2" } : {}),
    ...(method === "grpo" ? { vllm: "0.31.0" } : {}),
  };
  return Object.entries(packages).map(([name, version]) => `${name}==${version}\n`).join("");
}
