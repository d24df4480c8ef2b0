/** The options of Kiln's trainers in LLaMA-Factory's words. */
import type { DpoOptions, SftOptions } from "../../train/mod.ts";
import type { Facts } from "../facts.ts";
import {
  type AddedField,
  as,
  ifGiven,
  implied,
  type Json,
  type Outcome,
  type Rule,
  unmappedUnless,
} from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";
import { transformersRules } from "../transformers_rules.ts";

const common = transformersRules({
  shuffle: (value) =>
    value === false
      ? { to: { disable_shuffling: true } }
      : { to: { disable_shuffling: false }, note: "another order: the random generators are not the same" },
  optimMuon: () => ({
    to: { use_muon: true, optim: "adamw_torch" },
    note: "a Muon of its own, with a momentum of its own",
  }),
  earlyStoppingPatience: ifGiven("early_stopping_steps", "never stops early, here and there"),
  earlyStoppingThreshold: unmappedUnless(0, "each evaluation that is better counts"),
  gradientCheckpointing: (value) => ({
    to: { disable_gradient_checkpointing: value === false },
    note: value === "auto" ? "by memory here; on is the safe side" : "changes time and memory, not the curve",
  }),
});

const model: Rule<Facts> = (_, { model, record }): Outcome => {
  const weights = record.model.precision?.weights ?? "float32";
  if (weights !== "4bit" && weights !== "8bit") {
    return { to: { model_name_or_path: model }, note: `held in ${weights} here, in what bf16 says there` };
  }
  return {
    to: {
      model_name_or_path: model,
      quantization_bit: weights === "4bit" ? 4 : 8,
      quantization_method: "bnb",
      ...(weights === "4bit" ? { quantization_type: "nf4", double_quantization: false } : {}),
    },
    note: `${weights} in bitsandbytes' form, where Kiln has evenly spaced levels in blocks of 32`,
    matters: true,
  };
};

const adapter: Rule<Facts> = (_, { record, startAdapter }): Outcome => {
  if (record.adapter === null) return { to: { finetuning_type: "full" }, note: "all weights are trained" };
  const { r, loraAlpha, useRslora, targetModules, tables, trainableTokenIndices } = record.adapter;
  if (trainableTokenIndices.length > 0) {
    return { refused: "LLaMA-Factory trains no single rows of a table; --to trl does" };
  }
  if (!Number.isInteger(loraAlpha)) return { refused: `lora_alpha is a whole number there, and ${loraAlpha} here` };
  const modules = tables.map((name) => name.replace(/^model\./, "").replace(/\.weight$/, ""));
  return {
    to: {
      finetuning_type: "lora",
      lora_rank: r,
      lora_alpha: loraAlpha,
      lora_dropout: 0,
      lora_target: targetModules.join(","),
      use_rslora: useRslora,
      ...(modules.length > 0 ? { additional_target: modules.join(",") } : {}),
      ...(startAdapter === null ? {} : { adapter_name_or_path: startAdapter, create_new_adapter: false }),
    },
    note: startAdapter === null
      ? "a new one; Kiln has no dropout"
      : "training goes on from the one that the run began with",
  };
};

const shared = {
  ...common,
  model,
  adapter,
  trainDataset: () => ({
    to: { dataset: "kiln_train", dataset_dir: "data" },
    note: "described in data/dataset_info.json",
  }),
  evalDataset: (_, { hasEvalData }) =>
    hasEvalData ? { to: { eval_dataset: "kiln_eval", do_eval: true } } : { implied: "nothing was held out" },
  perDeviceEvalBatchSize: as("per_device_eval_batch_size"),
  padTokenId: implied("the tokenizer's; never attended to nor trained on"),
  maxLength: (value, { record, values }) => {
    const length = Number(value ?? record.model.shape.maxPositions);
    const cut = "a row that is too long loses its end here; there prompt and completion are cut in proportion";
    return values.packing === true
      ? { to: { cutoff_len: length + 1 }, note: `one more, since packing takes one off; ${cut}` }
      : { to: { cutoff_len: length }, note: cut };
  },
} satisfies Record<string, Rule<Facts>>;

/** SFT. */
export const sftRules: RulesFor<SftOptions> = {
  ...shared,
  packing: (value): Outcome =>
    value === true
      ? {
        to: { packing: true, neat_packing: true },
        note: "documents are isolated from each other, there by neat_packing",
      }
      : { to: { packing: false } },
  packingStrategy: (value, { values }) =>
    values.packing === true
      ? { unmapped: `${value} here, a knapsack of its own there: other rows lie together`, matters: false }
      : { implied: "nothing is packed" },
  groupByLength: (value) =>
    value === true
      ? { to: { train_sampling_strategy: "group_by_length" } }
      : { implied: "rows come in the order that shuffle says" },
  lossType: (value) => ({ to: { use_dft_loss: value === "dft" } }),
  labelSmoothingFactor: as("label_smoothing_factor"),
  neftuneNoiseAlpha: (value) =>
    Number(value) > 0 ? { to: { neftune_noise_alpha: value } } : { implied: "no noise, here and there" },
};

const PAIR_LOSSES = ["sigmoid", "hinge", "ipo", "orpo", "simpo"];

/** The loss over pairs, with a loss over chosen completions beside it, perhaps. */
function pairLoss({ values }: Facts): { type: string; weight: number; ftx: number; others: string[] } {
  const types = values.lossType as string[];
  const weights = values.lossWeights as number[];
  const at = types.findIndex((type) => type !== "sft");
  const ftx = types.reduce((sum, type, i) => type === "sft" ? sum + weights[i] : sum, 0);
  const others = types.filter((type, i) => type !== "sft" && i !== at);
  return { type: types[at] ?? "sft", weight: weights[at] ?? 1, ftx, others };
}

/** DPO. */
export const dpoRules: RulesFor<DpoOptions> = {
  ...shared,
  packing: implied("changes time alone: LLaMA-Factory pads"),
  referenceModel: (_, { record, startAdapter, model }): Outcome => {
    if (record.hasReferenceModel) {
      return {
        refused: "another model was the reference, which the run does not name: write it into the recipe by hand",
      };
    }
    return startAdapter === null ? { implied: "the reference is the model as training begins, here and there" } : {
      to: { ref_model: model, ref_model_adapters: startAdapter },
      note: "the adapter as training begins; without these fields it would be the base model",
    };
  },
  precomputeRefLogProbs: unmappedUnless(
    false,
    "the reference is asked at each step: it takes time and changes nothing",
    false,
  ),
  lossType: (_, facts): Outcome => {
    const { type, others } = pairLoss(facts);
    const lost = [type, ...others].filter((name) => !PAIR_LOSSES.includes(name));
    if (lost.length > 0) return { refused: `pref_loss has no ${lost.join(", ")}; --to trl has more` };
    return others.length > 0
      ? { refused: `several losses at once (${type}, ${others.join(", ")}); --to trl can` }
      : { to: { pref_loss: type } };
  },
  lossWeights: (_, facts): Outcome => {
    const { weight, ftx } = pairLoss(facts);
    if (weight !== 1) return { refused: `the loss has the weight ${weight}, and there is none there; --to trl has it` };
    return ftx > 0
      ? {
        to: { pref_ftx: ftx },
        note: "the loss over chosen completions is a mean over each one's tokens there, and over all tokens here",
        matters: true,
      }
      : { to: { pref_ftx: 0 } };
  },
  rpoAlpha: (value) => ({ implied: Number(value) > 0 ? "pref_ftx has it" : "off" }),
  beta: as("pref_beta"),
  labelSmoothing: (value, facts): Outcome =>
    Number(value) > 0 && pairLoss(facts).type !== "sigmoid"
      ? { refused: "label smoothing goes with the sigmoid alone there" }
      : { to: { dpo_label_smoothing: value } },
  simpoGamma: as("simpo_gamma"),
  discopopTau: implied("only discopop has it"),
  fDivergenceType: (value): Outcome =>
    value === "reverse_kl"
      ? { implied: "there is no other one there" }
      : { refused: `f-divergence ${value}; --to trl has it` },
  fAlphaDivergenceCoef: implied("only alpha_divergence has it"),
};

/** The fields that no option asks for. */
export function addedFields(
  { method, dtype }: Facts,
  deepspeed: string | null,
): AddedField[] {
  const fields: [string, Json, string][] = [
    ["stage", method, "the method"],
    ["do_train", true, "there is nothing else to do"],
    ["template", "empty", "the data have the chat template in them, as the run read it"],
    ["mask_history", false, "each learned stretch is learned"],
    ["train_on_prompt", false, "prompts are not learned"],
    [
      "bf16",
      dtype === "bfloat16",
      "Kiln computes in float32; where bf16 is off, LLaMA-Factory computes in the type that the model's config.json names",
    ],
    ["logging_steps", 1, "Kiln logs each step"],
    ["report_to", "tensorboard", "as Kiln's runs"],
  ];
  if (deepspeed !== null) fields.push(["deepspeed", deepspeed, "several cards"]);
  return fields.map(([field, value, why]) => ({ field, value, why }));
}
