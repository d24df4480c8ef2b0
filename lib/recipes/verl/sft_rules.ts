/** SFT in verl's words: dotted paths of its configuration. */
import type { SftOptions } from "../../train/mod.ts";
import { as, implied, type Outcome } from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";
import { adapterRule, commonRules, modelRule } from "./common_rules.ts";
import { padTokenId } from "./shared_rules.ts";

/** SFT. */
export const sftRules: RulesFor<SftOptions> = {
  ...commonRules({ optims: ["optim"], model: "model", updates: () => 1, gradClips: [] }),
  learningRate: as("optim.lr"),
  perDeviceTrainBatchSize: (value, { batch }) => ({
    to: { "data.micro_batch_size_per_gpu": batch.perDevice, "data.use_dynamic_bsz": false },
    note: `${value} in the run`,
  }),
  gradientAccumulationSteps: (_, { batch, values }): Outcome =>
    values.packing === true
      ? { implied: "data.train_batch_size has the batch" }
      : { to: { "data.train_batch_size": batch.global }, note: "rows of a step on all cards" },
  perDeviceEvalBatchSize: implied("the micro-batches of evaluations are those of training there"),
  model: modelRule(["model"]),
  adapter: adapterRule("model"),
  trainDataset: () => ({ to: { "data.train_files": "data/train.parquet" } }),
  evalDataset: (_, { hasEvalData }) =>
    hasEvalData ? { to: { "data.val_files": "data/eval.parquet" } } : { implied: "nothing was held out" },
  padTokenId,
  maxLength: (value, { record }) => ({
    to: { "data.max_length": value ?? record.model.shape.maxPositions, "data.truncation": "right" },
    note: "what is longer loses its end",
  }),
  packing: (value, { batch, record }): Outcome => {
    if (value !== true) return { implied: "rows are not packed" };
    const rows = record.stepsPerEpoch === null
      ? batch.global
      : Math.max(1, Math.round((record.data.train?.rows ?? 0) / record.stepsPerEpoch));
    const whole = Math.max(batch.gpus, Math.round(rows / batch.gpus) * batch.gpus);
    return {
      unmapped:
        `verl packs micro-batches by itself and counts rows of the data: a step of ${batch.global} packed rows had ` +
        `about ${rows} of them`,
      fields: { "data.train_batch_size": whole },
      matters: true,
    };
  },
  packingStrategy: implied("verl packs by itself"),
  groupByLength: (value) =>
    value === true ? { unmapped: "verl divides rows by length in a way of its own" } : { implied: "off" },
  lossType: (value) =>
    value === "nll" ? { implied: "the only one there" } : { refused: `${value}; --to trl and llamafactory have it` },
  labelSmoothingFactor: (value) =>
    Number(value) > 0 ? { refused: `label smoothing ${value}; --to trl has it` } : { implied: "off" },
  neftuneNoiseAlpha: (value) =>
    Number(value) > 0 ? { refused: `noise on embeddings; --to trl and llamafactory have it` } : { implied: "off" },
};
