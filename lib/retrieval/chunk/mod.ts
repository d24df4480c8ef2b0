/** Documents in passages. */
export * from "./chunk.ts";
