/** Language models: families, weights, forward and backward passes, generation. */
export * from "./adapter_weights.ts";
export { blockParameters, type BlockVariant, loraNames, NO_LORA, type Trainable } from "./block_programs.ts";
export {
  carriedFactors,
  carriedTables,
  carriesTables,
  isTableFactor,
  rowsFactor,
  TABLE_MODULES,
  TABLE_NAMES,
  tableFactor,
  type TableModule,
} from "./carried_tables.ts";
export * from "./causal_lm.ts";
export { configJson, type ModelConfig, parseConfig } from "./config.ts";
export { LINEAR_MODULES, type LinearModule, linearShape, modulePath } from "./decoder_block.ts";
export { decoderBlock, parameterCount, weightShapes } from "./families.ts";
export { type Continuation, continuationLogProbs } from "./continuation_log_probs.ts";
export { disposePass } from "./forward_pass.ts";
export type { ForwardOptions, ForwardPass, GradientSink, TrainingPassOptions } from "./forward_pass.ts";
export * from "./generate/mod.ts";
export { isHubId } from "./hub/repo.ts";
export * from "./hub.ts";
export * from "./hub_upload.ts";
export type { HeadOutput } from "./head.ts";
export type { HeadTargets } from "./head_targets.ts";
export * from "./load.ts";
export { type MemoryPlan, type MemoryPlanOptions, modelBytes, planMemory } from "./memory_plan.ts";
export {
  checkPrecision,
  declareWeight,
  encodeWeight,
  FULL_PRECISION,
  type Precision,
  type PrecisionOptions,
  resolvePrecision,
  storeWeight,
  weightForm,
  weightParts,
  type WeightPrecision,
} from "./precision.ts";
export { resizeEmbeddings, type ResizeOptions, tableNames, viewWith } from "./resize_embeddings.ts";
export * from "./safetensors.ts";
export { putRows, rowsAt } from "./table_rows.ts";
export type { TokenBatch } from "./token_batch.ts";
