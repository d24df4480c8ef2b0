/** Text to vectors. */
export * from "./embedder.ts";
