/** A recipe for LLaMA-Factory: train.yaml, data with dataset_info.json, DeepSpeed's configuration. */
import { deepspeedConfig } from "../accelerate.ts";
import { addMapping, type RecipeFiles, recipeReadme, toJson, toJsonl } from "../common_files.ts";
import { DERIVED, type Facts } from "../facts.ts";
import { applyRules, fieldsOf, type Mapping, RecipeError } from "../mapping.ts";
import { missingData, type RunData } from "../run_data.ts";
import { toYaml } from "../yaml.ts";
import type { WriterInput } from "../trl/write.ts";
import { type LlamaFactoryData, llamaFactoryExamples, llamaFactoryPairs } from "./data.ts";
import { addedFields, dpoRules, sftRules } from "./rules.ts";

/** The version that the recipe is for and was checked with. */
export const LLAMAFACTORY_VERSION = "0.9.5";

/**
 * Makes the files.
 *
 * @throws {RecipeError} when LLaMA-Factory cannot do what the run did; the message says what can
 */
export function llamaFactoryRecipe({ run, facts, data, zero }: WriterInput): { files: RecipeFiles; mapping: Mapping } {
  const { method } = run;
  if (method === "grpo") {
    throw new RecipeError(
      `LLaMA-Factory ${LLAMAFACTORY_VERSION} has no stage for GRPO: --to trl and --to verl have it`,
    );
  }
  if (method === "ppo") {
    throw new RecipeError(
      `LLaMA-Factory ${LLAMAFACTORY_VERSION}'s stage ppo judges by a reward model, and this run by functions: --to verl ` +
        "takes functions",
    );
  }
  const config = zero.stage > 0 ? `deepspeed_zero${zero.stage}.json` : null;
  const train = rowsOf(data, "train", "train.jsonl");
  const held = data.held === null ? null : rowsOf(data, "held", "eval.jsonl");
  const mapping: Mapping = {
    tool: "LLaMA-Factory",
    version: LLAMAFACTORY_VERSION,
    method,
    options: applyRules(method === "sft" ? sftRules : dpoRules, facts.values, facts, DERIVED),
    added: addedFields(facts, config),
  };
  const files: RecipeFiles = new Map();
  files.set("train.yaml", toYaml(fieldsOf(mapping)));
  if (config !== null) files.set(config, toJson(deepspeedConfig(zero)));
  files.set(
    "data/dataset_info.json",
    toJson({ kiln_train: train.info, ...(held === null ? {} : { kiln_eval: held.info }) }),
  );
  if (!data.tooMany) files.set("data/train.jsonl", toJsonl(train.rows));
  if (held !== null) files.set("data/eval.jsonl", toJsonl(held.rows));
  files.set("requirements.txt", requirements(facts, zero.stage > 0));
  addMapping(files, mapping);
  const differing = train.differing === 0
    ? "Its tokens are the run's."
    : `In ${train.differing.toLocaleString("en")} of them some tokens at a border differ from the run's.`;
  files.set(
    "README.md",
    recipeReadme({
      title: `${method.toUpperCase()} with LLaMA-Factory`,
      ...{ run, facts, mapping },
      install: "pip install -r requirements.txt",
      launch: facts.batch.gpus === 1
        ? "llamafactory-cli train train.yaml"
        : `FORCE_TORCHRUN=1 NPROC_PER_NODE=${facts.batch.gpus} llamafactory-cli train train.yaml`,
      notes: zero.stage > 0 ? [`DeepSpeed ZeRO stage ${zero.stage}: ${zero.why}.`] : [],
      data: data.tooMany
        ? missingData(run, `data/train.jsonl, in the format ${train.format}`)
        : `${train.rows.length.toLocaleString("en")} rows in data/train.jsonl, ${train.format}. ${differing}`,
      result: "What was trained is in `output`.",
    }),
  );
  return { files, mapping };
}

function rowsOf(data: RunData, part: "train" | "held", file: string): LlamaFactoryData {
  if (data.kind === "examples") return llamaFactoryExamples(data[part]!, data.texts, file);
  if (data.kind === "pairs") return llamaFactoryPairs(data[part]!, data.texts, file);
  throw new RecipeError("LLaMA-Factory learns from no bare prompts");
}

function requirements({ values, record }: Facts, several: boolean): string {
  const bits = ["4bit", "8bit"].includes(record.model.precision?.weights ?? "float32") || values.optim === "adamw8bit";
  return [
    `llamafactory==${LLAMAFACTORY_VERSION}`,
    "tensorboard==2.21.0",
    ...(several ? ["deepspeed==0.18.4"] : []),
    ...(bits ? ["bitsandbytes==0.50.2"] : []),
  ].map((line) => line + "\n").join("");
}
