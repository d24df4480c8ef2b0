/** Finding passages. */
export * from "./result.ts";
