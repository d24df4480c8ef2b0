/** A recipe for verl: recipe.yaml over its packaged configuration, data as Parquet, rewards.py. */
import { addMapping, folderName, type RecipeFiles, recipeReadme } from "../common_files.ts";
import { DERIVED } from "../facts.ts";
import { applyRules, fieldsOf, type Json, type Mapping, RecipeError } from "../mapping.ts";
import { verlRewards } from "../rewards_py.ts";
import { missingData } from "../run_data.ts";
import type { WriterInput } from "../trl/write.ts";
import { nested, toYaml } from "../yaml.ts";
import { verlExamples, verlPrompts } from "./data.ts";
import { addedFields } from "./added_fields.ts";
import { grpoRules } from "./grpo_rules.ts";
import { ppoRules } from "./ppo_rules.ts";
import { sftRules } from "./sft_rules.ts";

/** The version that the recipe is for and was checked with. */
export const VERL_VERSION = "0.9.1";

const RULES = { sft: sftRules, grpo: grpoRules, ppo: ppoRules } as const;

/**
 * Makes the files.
 *
 * @throws {RecipeError} when verl cannot do what the run did; the message says what can
 */
export async function verlRecipe({ run, facts, data }: WriterInput): Promise<{ files: RecipeFiles; mapping: Mapping }> {
  const { method } = run;
  if (method === "dpo") {
    throw new RecipeError(`verl ${VERL_VERSION} has no trainer for pairs: --to trl and --to llamafactory have one`);
  }
  const files: RecipeFiles = new Map();
  const about: { promptTokens: number; data: string } = { promptTokens: facts.promptTokens, data: "" };
  if (data.kind === "prompts") {
    const { file, longest } = verlPrompts(data.train, data.texts);
    if (!data.tooMany) files.set("data/train.parquet", file);
    about.promptTokens = Math.max(1, longest);
    about.data = `${data.train.length.toLocaleString("en")} prompts in data/train.parquet.`;
  } else if (data.kind === "examples") {
    const { file, differing } = verlExamples(data.train, data.texts);
    if (!data.tooMany) files.set("data/train.parquet", file);
    if (data.held !== null) files.set("data/eval.parquet", verlExamples(data.held, data.texts).file);
    about.data = `${data.train.length.toLocaleString("en")} rows in data/train.parquet. ` +
      (differing === 0
        ? "Their tokens are the run's."
        : `In ${differing} of them some tokens at a border differ from the run's.`);
  }
  if (data.tooMany) about.data = missingData(run, "data/train.parquet, in verl's format");
  const known = { ...facts, promptTokens: about.promptTokens };
  const mapping: Mapping = {
    tool: "verl",
    version: VERL_VERSION,
    method,
    options: applyRules(RULES[method] as Parameters<typeof applyRules<typeof facts>>[0], facts.values, known, DERIVED),
    added: addedFields(known, folderName(run.path)),
  };
  const base = method === "sft" ? "sft_trainer_engine" : "ppo_trainer";
  const tree: Record<string, Json> = { defaults: [base, "_self_"], ...nested(fieldsOf(mapping)) };
  files.set("recipe.yaml", toYaml(tree));
  if (method !== "sft") {
    const isJudgedElsewhere = run.record.episodes !== undefined && run.record.episodes.kind !== "completions";
    files.set(
      "rewards.py",
      await verlRewards(
        run.record.rewards ?? {},
        (facts.values.rewardClipRange ?? null) as [number, number] | null,
        isJudgedElsewhere
          ? `${run.record.episodes!.kind}: the run's episodes were judged step by step; write it here`
          : undefined,
      ),
    );
  }
  files.set("requirements.txt", requirements(facts.values.optim === "adamw8bit"));
  addMapping(files, mapping);
  files.set(
    "README.md",
    recipeReadme({
      title: `${method.toUpperCase()} with verl`,
      run,
      facts: known,
      mapping,
      install: "pip install -r requirements.txt",
      launch: method === "sft"
        ? `torchrun --standalone --nproc_per_node=${facts.batch.gpus} -m verl.trainer.sft_trainer --config-dir "$PWD" --config-name recipe`
        : 'python3 -m verl.trainer.main_ppo --config-dir "$PWD" --config-name recipe',
      notes: method === "sft" ? [] : [
        "verl starts Ray on this machine. On several: `ray start --head` on the first, `ray start --address FIRST:6379` on the " +
        "others, the same folder on all, `trainer.nnodes` raised, and the command above within " +
        "`ray job submit --working-dir . -- ...`.",
      ],
      data: about.data,
      result: method === "sft"
        ? "Checkpoints are in `output/global_step_*`; `python3 -m verl.model_merger merge --backend fsdp --local_dir " +
          "output/global_step_N --target_dir output/merged` writes `output/merged/lora_adapter`, or whole weights."
        : "Checkpoints are in `output/global_step_*/actor`; an adapter in its folder `lora_adapter`.",
    }),
  );
  return { files, mapping };
}

function requirements(needsBits: boolean): string {
  const lines = [`verl[vllm]==${VERL_VERSION}`, "tensorboard==2.21.0"];
  if (needsBits) lines.push("bitsandbytes==0.50.2");
  return lines.map((line) => line + "\n").join("");
}
