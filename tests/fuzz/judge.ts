import assert from "node:assert/strict";
import type { Input } from "./subject.ts";

/** Words of the runtime, which tell a user nothing about the file. */
export const leaked =
  /Cannot read prop|Cannot convert|Cannot destructure|(?<!that) is not a function|(?<!object) is not iterable|is not defined|is not a constructor|call stack|Invalid array length|Array buffer allocation|Invalid string length|out of memory|\[object Object\]/;

/** No message is longer: it quotes the file, it does not repeat it. */
const longest = 1500;

/**
 * Says what became of an input: `read`, `refused`, or what is wrong with how it went. A refusal is an error of our own
 * that names the file and says something about it.
 */
export function judge(input: Input, thrown: { error: unknown } | undefined): string {
  const pollution = polluted();
  if (pollution !== undefined) return `Object.prototype got ${pollution}`;
  if (thrown === undefined) return "read";
  const { error } = thrown;
  if (!(error instanceof Error)) return `it threw ${typeof error}`;
  if (error instanceof assert.AssertionError) return `broken promise: ${error.message.slice(0, 300)}`;
  const said = `${error.name}: ${error.message.slice(0, 300)}`;
  const isOurs = error.constructor === Error ||
    ["SafetensorsError", "TokenizerError", "ChatTemplateError"].includes(error.name);
  if (!isOurs) return `it threw ${said}\n${error.stack?.split("\n").slice(1, 4).join("\n")}`;
  if (input.isWhole) return `a whole file was refused: ${said}`;
  const at = error.message.indexOf(input.name);
  if (at < 0) return `the message does not name the file: ${said}`;
  if (error.message.length > longest) return `the message has ${error.message.length} characters: ${said}`;
  if (error.message.length - at - input.name.length < 12) return `the message says nothing: ${said}`;
  if (leaked.test(error.message)) return `the message is the runtime's: ${said}`;
  return "refused";
}

function polluted(): string | undefined {
  // What a file put there would be seen in every object.
  for (const name in {}) {
    delete (Object.prototype as Record<string, unknown>)[name];
    return name;
  }
  if (Object.getPrototypeOf(Object.prototype) !== null) return "a prototype";
}
