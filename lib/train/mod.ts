/** Trainers: async generators of step metrics. */
export * from "./batch.ts";
export * from "./optimizer.ts";
export * from "./rewards/mod.ts";
export * from "./schedule.ts";
export * from "./sft.ts";
export * from "./step.ts";
