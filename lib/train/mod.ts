/** Trainers: async generators of step metrics. */
export * from "./advantages.ts";
export * from "./batch.ts";
export * from "./evaluate.ts";
export * from "./grpo.ts";
export * from "./grpo_loss.ts";
export * from "./house_model.ts";
export * from "./local_sampler.ts";
export * from "./optimizer.ts";
export * from "./pretrain.ts";
export * from "./rewards/mod.ts";
export * from "./rollout.ts";
export * from "./run_folder.ts";
export * from "./schedule.ts";
export * from "./sft.ts";
export * from "./step.ts";
