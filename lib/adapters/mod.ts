/** LoRA adapters: create, save and load as PEFT, merge; with them new tokens. */
export * from "./lora.ts";
export * from "./merge.ts";
export * from "./model_with_tables.ts";
export * from "./peft.ts";
