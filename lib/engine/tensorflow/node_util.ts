/**
 * Functions of node:util that Node has deprecated, Deno has left out, and TensorFlow.js's Node packages (4.22) call while
 * they load and run. Importing this file puts back those that are missing.
 */
import util from "node:util";

const DEPRECATED = {
  isArray: Array.isArray,
  isBoolean: (value: unknown) => typeof value === "boolean",
  isFunction: (value: unknown) => typeof value === "function",
  isNull: (value: unknown) => value === null,
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isNumber: (value: unknown) => typeof value === "number",
  isObject: (value: unknown) => typeof value === "object" && value !== null,
  isString: (value: unknown) => typeof value === "string",
  isUndefined: (value: unknown) => value === undefined,
};

for (const [name, value] of Object.entries(DEPRECATED)) {
  if (!(name in util)) Object.assign(util, { [name]: value });
}
