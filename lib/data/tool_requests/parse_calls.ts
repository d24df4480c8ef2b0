import type { ToolDefinition } from "../../tokenizer/mod.ts";

/** A call as a model wrote it: its arguments may be anything JSON knows. */
export interface ParsedCall {
  name: string;
  arguments: Record<string, unknown>;
}

const OPEN = "<tool_call>";
const CLOSE = "</tool_call>";

/**
 * Reads a reply that consists of calls and nothing else, for grading: every call between its tags, JSON with exactly the
 * fields `name` and `arguments`. It mends nothing; an agent that has to go on with what a model wrote needs another one.
 *
 * @returns The calls in their order, or null when there is none or the reply is not exactly that. Never throws.
 */
export function parseCalls(reply: string): ParsedCall[] | null {
  const calls: ParsedCall[] = [];
  let rest = reply.trim();
  while (rest !== "") {
    if (!rest.startsWith(OPEN)) return null;
    // A string argument may hold the closing tag, so the call ends at the first one before which there is whole JSON.
    let call: ParsedCall | null = null;
    let end = -1;
    while (call === null) {
      end = rest.indexOf(CLOSE, end + 1);
      if (end < 0 || end > MAX_CALL) return null;
      call = asCall(rest.slice(OPEN.length, end));
    }
    calls.push(call);
    rest = rest.slice(end + CLOSE.length).trimStart();
  }
  return calls.length === 0 ? null : calls;
}

/** Characters; a longer one is no call worth reading. */
const MAX_CALL = 10_000;

function asCall(text: string): ParsedCall | null {
  const value = parseJson(text);
  if (!isObject(value) || Object.keys(value).length !== 2) return null;
  const { name, arguments: given } = value;
  return typeof name === "string" && isObject(given) ? { name, arguments: given } : null;
}

/** Whether a call names one of the tools and its arguments are what the tool's schema asks for: all of them, no others. */
export function isValidCall(call: ParsedCall, tools: readonly ToolDefinition[]): boolean {
  const tool = tools.find(({ function: { name } }) => name === call.name);
  if (tool === undefined) return false;
  const { properties, required } = tool.function.parameters ?? {};
  if (!isObject(properties)) return Object.keys(call.arguments).length === 0;
  const needed = Array.isArray(required) ? required : [];
  return needed.every((key) => Object.hasOwn(call.arguments, key)) &&
    Object.entries(call.arguments).every(([key, value]) => {
      const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
      return isObject(schema) && hasType(value, schema.type);
    });
}

function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    default:
      return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
