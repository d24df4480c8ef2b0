/** LoRA adapters: create, save and load as PEFT, merge. */
export * from "./lora.ts";
export * from "./merge.ts";
export * from "./peft.ts";
