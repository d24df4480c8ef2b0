/** What files and pages become. */
export * from "./document.ts";
