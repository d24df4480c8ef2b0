/** What a model reads of a tool. */
import { z } from "zod";
import type { ToolDefinition } from "../../tokenizer/mod.ts";
import { shortSchema } from "./short_schema.ts";
import type { Tool } from "./tool.ts";

const definitions = new WeakMap<Tool, ToolDefinition>();

/**
 * A tool as chat templates and endpoints take it: name, description and the JSON schema of its arguments, without what says
 * nothing to a model (see `shortSchema`). The same tool has the same definition each time.
 *
 * @throws {TypeError} when the input is no object, or has parts that JSON schema has no word for, such as dates
 */
export function toolDefinition(tool: Tool): ToolDefinition {
  const known = definitions.get(tool);
  if (known !== undefined) return known;
  const { name, description } = tool;
  const definition: ToolDefinition = {
    type: "function",
    function: { name, description, parameters: parametersOf(tool) },
  };
  definitions.set(tool, definition);
  return definition;
}

/**
 * The definitions of several tools.
 *
 * @throws {TypeError} when two have one name
 */
export function toolDefinitions(tools: readonly Tool[]): ToolDefinition[] {
  const names = new Set<string>();
  for (const { name } of tools) {
    if (names.has(name)) throw new TypeError(`two tools are called ${name}: a model could call only one of them`);
    names.add(name);
  }
  return tools.map(toolDefinition);
}

function parametersOf({ name, input, parameters }: Tool): Record<string, unknown> {
  // A schema that somebody else wrote is theirs to shorten.
  if (parameters !== undefined) return { ...parameters };
  let schema: Record<string, unknown>;
  try {
    schema = shortSchema(z.toJSONSchema(input, { io: "input" }));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`the tool ${name}: its input cannot be told as a JSON schema: ${problem}`, { cause });
  }
  if (schema.type !== "object") {
    throw new TypeError(
      `the tool ${name}: its input has to be an object, such as z.strictObject({ city: z.string() })`,
    );
  }
  return schema;
}
