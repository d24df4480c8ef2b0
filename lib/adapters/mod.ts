/** LoRA adapters: create, save and load as PEFT, merge; with them new tokens. */
export * from "./adapter_file.ts";
export * from "./lora.ts";
export * from "./merge.ts";
export * from "./merged_weights.ts";
export { modelWithTables } from "./model_with_tables.ts";
export * from "./peft.ts";
export { readAdapterConfig } from "./peft_config.ts";
export { adapterTensorName } from "./peft_tables.ts";
