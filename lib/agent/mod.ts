/** Agents and what they are made of. */
export * from "./calls/mod.ts";
export * from "./chat/mod.ts";
export * from "./cot/mod.ts";
export * from "./evaluate/mod.ts";
export * from "./judge/mod.ts";
export * from "./loop/mod.ts";
export * from "./medical/mod.ts";
export * from "./memory/mod.ts";
export * from "./reflect/mod.ts";
export * from "./route/mod.ts";
export * from "./safety/mod.ts";
export * from "./tools/mod.ts";
