/** Agents and what they are made of. */
export * from "./route/mod.ts";
