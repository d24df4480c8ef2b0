/**
 * What a misspelt word may have meant.
 *
 * @module
 */
export { editDistance } from "./edit_distance.ts";
