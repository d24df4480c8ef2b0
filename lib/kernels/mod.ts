/** Training kernels, one a file: formula, forward, backward, source. */
export * from "./adamw.ts";
export * from "./adamw_8bit.ts";
export * from "./attend_in_parts.ts";
export { attention, causalBias, MASKED, mergeHeads, splitHeads } from "./attention.ts";
export { BLOCK_8BIT, dequantizeBlockwise, dynamicLevels, quantizeBlockwise, zeroCode } from "./blockwise_8bit.ts";
export * from "./cached_attention.ts";
export * from "./draw_tokens.ts";
export * from "./embedding.ts";
export * from "./lora_linear.ts";
export * from "./quantize.ts";
export * from "./rms_norm.ts";
export * from "./rotary.ts";
export * from "./selective_log_prob.ts";
export * from "./swiglu.ts";
export * from "./weight.ts";
