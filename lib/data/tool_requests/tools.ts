import type { ToolDefinition } from "../../tokenizer/mod.ts";

/** The JSON types that arguments of these tools have. */
export type ArgumentType = "string" | "integer" | "number";

/** The tools that Kiln's agents come with. */
export const HOUSE_TOOL_NAMES = ["calculator", "weather", "bezout", "congruence", "bmi", "search", "today"] as const;
export type HouseToolName = typeof HOUSE_TOOL_NAMES[number];

/**
 * Their signatures. They are as short as a JSON schema can be, since a small model reads them in every chat: the names
 * of the arguments say enough. Each description completes the sentence "I can ...", and answers to "What can you do?"
 * are made of them.
 */
export const HOUSE_TOOLS: Readonly<Record<HouseToolName, ToolDefinition>> = {
  calculator: tool("calculator", "Work out a calculation.", { expression: "string" }),
  weather: tool("weather", "Tell the weather in a city.", { city: "string" }),
  bezout: tool("bezout", "Find the gcd of a and b as a*x + b*y.", { a: "integer", b: "integer" }),
  congruence: tool("congruence", "Solve a*x = b modulo m.", { a: "integer", b: "integer", m: "integer" }),
  bmi: tool("bmi", "Work out a body mass index.", { weight_kg: "number", height_m: "number" }),
  search: tool("search", "Search medical and mathematical documents.", { query: "string" }),
  today: tool("today", "Tell the date of today.", {}),
};

/** A tool all of whose arguments are required. */
export function tool(name: string, description: string, types: Record<string, ArgumentType>): ToolDefinition {
  const properties = Object.fromEntries(Object.entries(types).map(([argument, type]) => [argument, { type }]));
  const required = Object.keys(types);
  const parameters = { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
  return { type: "function", function: { name, description, parameters } };
}

/** What it does, to go on after "I can": "tell the weather in a city". */
export function abilityOf({ function: { description = "" } }: ToolDefinition): string {
  return description.charAt(0).toLowerCase() + description.slice(1).replace(/\.$/, "");
}
