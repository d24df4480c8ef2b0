/** Tools, checked when they are made. */
import type { z } from "zod";
import type { Tool } from "./tool.ts";
import { toolDefinition } from "./tool_definition.ts";

/** What a tool is made of. */
export interface ToolSpecification<Input, Output> {
  name: string;
  description: string;
  input: z.ZodType<Input>;
  parameters?: Readonly<Record<string, unknown>>;
  output?: z.ZodType<Output>;
  modelView?: (output: NoInfer<Output>) => unknown;
  timeoutMs?: number;
  sideEffects?: boolean;
  untrusted?: boolean;
  run: Tool<NoInfer<Input>, Output>["run"];
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** What OpenAI's API takes at most. */
const MAX_DESCRIPTION = 1024;
/** The longest time that a timer can be set to. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Makes a tool of a function.
 *
 * @example
 * ```ts
 * const double = defineTool({
 *   name: "double",
 *   description: "Double a number.",
 *   input: z.strictObject({ value: z.number() }),
 *   run: ({ value }) => ({ result: 2 * value }),
 * });
 * ```
 * @throws {TypeError} when the name, description or time limit cannot be, or the input is no object or cannot be told as a
 *   JSON schema
 */
export function defineTool<Input, Output>(specification: ToolSpecification<Input, Output>): Tool<Input, Output> {
  const { name, description, input, parameters, output, modelView } = specification;
  const { timeoutMs = 10_000, sideEffects = false, untrusted = false } = specification;
  // "constructor" is a fine word, but a table of tools by name would already have it.
  if (typeof name !== "string" || !NAME.test(name) || name in Object.prototype) {
    throw new TypeError(`the tool ${JSON.stringify(name)}: expected a name of 1 to 64 letters, digits, _ and -`);
  }
  if (typeof description !== "string" || description.trim() === "" || description.length > MAX_DESCRIPTION) {
    throw new TypeError(`the tool ${name}: expected a description of 1 to ${MAX_DESCRIPTION} characters`);
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT) {
    throw new TypeError(
      `the tool ${name}: timeoutMs: expected a whole number from 1 to ${MAX_TIMEOUT}, got ${timeoutMs}`,
    );
  }
  const tool: Tool<Input, Output> = Object.freeze({
    name,
    description: description.trim(),
    input,
    ...(parameters === undefined ? {} : { parameters }),
    ...(output === undefined ? {} : { output }),
    ...(modelView === undefined ? {} : { modelView }),
    timeoutMs,
    sideEffects,
    untrusted,
    run: specification.run,
  });
  // Says what is wrong with the input now, not at the first call.
  toolDefinition(tool);
  return tool;
}
