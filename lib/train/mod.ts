/** Trainers: async generators of step metrics. */
export * from "./advantages.ts";
export { alpacaChatTemplate } from "./alpaca_template.ts";
export * from "./batch.ts";
export type { BestEvaluation, BestMetricOptions } from "./best_metric.ts";
export {
  findCheckpoint,
  type FoundCheckpoint,
  listCheckpoints,
  readState,
  type TrainerState,
} from "./checkpoint/mod.ts";
export * from "./contrastive.ts";
export * from "./cot_recipes.ts";
export { DivergenceError } from "./divergence.ts";
export { tokenizeExample } from "./chat_tokens.ts";
export * from "./dpo.ts";
export type { PreferenceExample } from "./dpo_batches.ts";
export { type DpoLoss, dpoLoss, type DpoLossInputs, type TokenLogProbs } from "./dpo_loss.ts";
export type { DpoLossOptions } from "./dpo_loss_options.ts";
export { DPO_LOSS_TYPES, type DpoLossType, type FDivergenceType } from "./dpo_losses.ts";
export * from "./evaluate.ts";
export * from "./evaluate_cases.ts";
export * from "./gae.ts";
export * from "./group_by_length.ts";
export * from "./grpo.ts";
export * from "./grpo_loss.ts";
export * from "./house_evaluation.ts";
export { heldOutLoss, type HeldOutLossOptions } from "./held_out_loss.ts";
export * from "./house_encoder.ts";
export * from "./house_model.ts";
export * from "./house_recipe.ts";
export { applyLongRows, type LongRows } from "./long_rows.ts";
export { type Moments, momentTensors } from "./moments.ts";
export * from "./neftune.ts";
export * from "./optimizer.ts";
export { isDecayed, type Optim, type OptimizerOptions } from "./optimizer_options.ts";
export { bestFitDecreasing, packExamples, type PackingStrategy, type PackOptions } from "./pack.ts";
export * from "./ppo.ts";
export * from "./ppo_advantages.ts";
export * from "./ppo_completions.ts";
export { type Episode, policyTokens } from "./ppo_episode.ts";
export * from "./ppo_kl.ts";
export * from "./ppo_loss.ts";
export { whitened } from "./ppo_whiten.ts";
export * from "./preference_cleaning.ts";
export * from "./preference_dataset.ts";
export * from "./preference_files.ts";
export * from "./preference_lengths.ts";
export * from "./preference_recipe.ts";
export {
  type ChatPreference,
  fromLlamaFactory,
  type PreferenceRow,
  readPreferenceRow,
  type TextPreference,
} from "./preference_rows.ts";
export * from "./preference_sampling.ts";
export * from "./preference_win_rate.ts";
export * from "./pretrain.ts";
export * from "./retrieval_recall.ts";
export * from "./rewards/mod.ts";
export * from "./rollout/mod.ts";
export * from "./run/mod.ts";
export {
  EVAL_DATA_FILE,
  promptRows,
  type RecordedRow,
  type RunParts,
  START_ADAPTER,
  TRAIN_DATA_FILE,
  TRAINER_FILE,
} from "./run_record.ts";
export * from "./schedule.ts";
export * from "./sft.ts";
export { type BatchingOptions, labelMetrics } from "./sft_batches.ts";
export * from "./sft_dataset.ts";
export * from "./step.ts";
export { createCritic, type Critic, VALUE_HEAD } from "./value_head.ts";
export { loadCritic, saveCritic } from "./value_head_files.ts";
