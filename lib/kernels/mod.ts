/** Training kernels, one a file: formula, forward, backward, source. */
export * from "./adamw.ts";
export { attention, causalBias, MASKED, mergeHeads, splitHeads } from "./attention.ts";
export * from "./cached_attention.ts";
export * from "./embedding.ts";
export * from "./lora_linear.ts";
export * from "./rms_norm.ts";
export * from "./rotary.ts";
export * from "./selective_log_prob.ts";
export * from "./swiglu.ts";
