/** Calls from JSON that is already read. */
import { type JsonObject, readJsonObject } from "./json_object_reader.ts";
import { quoted } from "./plain_values.ts";
import { type InvalidCall, MAX_CALL_CHARACTERS, MAX_RAW_CHARACTERS, type ToolCallRequest } from "./tool_call.ts";

/** What an object says as a call, or why it is none. */
export type ReadCall =
  | { name: string; arguments: JsonObject }
  | { name?: string; kind: InvalidCall["kind"]; problem: string };

/** Characters of a tool's name at most; endpoints allow 64. */
const MAX_NAME = 128;

/**
 * The call that an object `{"name": ..., "arguments": {...}}` is. `parameters` may stand for `arguments`, as with Llama; the
 * arguments may be JSON text of an object, as in OpenAI's form; where they are absent, null or an empty text there are
 * none. `id` and `type` are passed over; any other key is refused, since it is likely an argument in the wrong place.
 */
export function readCall(value: JsonObject): ReadCall {
  const name = nameIn(value);
  const named = name === undefined ? {} : { name };
  const invalid = (problem: string): ReadCall => ({ ...named, kind: "not a call", problem });
  if (name === undefined) return invalid(`the call has no name: expected ${FORM}`);
  const hasArguments = Object.hasOwn(value, "arguments");
  if (hasArguments && Object.hasOwn(value, "parameters")) {
    return invalid(`both "arguments" and "parameters" are given: expected ${FORM}`);
  }
  const stray = Object.keys(value).find((key) => !KEYS.includes(key));
  if (stray !== undefined) {
    return invalid(`the key ${quoted(stray)} stands beside the name: arguments of the tool belong into "arguments"`);
  }
  const given = readArguments(hasArguments ? value.arguments : value.parameters);
  return "problem" in given ? { ...named, ...given } : { name, arguments: given.value };
}

/** The name in what was read of an object. */
export function nameIn(value: JsonObject | null): string | undefined {
  const name = value?.name;
  return typeof name === "string" && name.trim() !== "" && name.length <= MAX_NAME ? name : undefined;
}

const FORM = '{"name": ..., "arguments": {...}}';
const KEYS: readonly string[] = ["name", "arguments", "parameters", "id", "type"];

function readArguments(given: unknown): { value: JsonObject } | { kind: InvalidCall["kind"]; problem: string } {
  if (given === undefined || given === null) return { value: Object.create(null) };
  if (typeof given === "string") {
    if (given.trim() === "" || given.trim() === "null") return { value: Object.create(null) };
    const inner = readJsonObject(given);
    return "value" in inner ? inner : { kind: "not json", problem: `the text in "arguments": ${inner.problem}` };
  }
  if (typeof given === "object" && !Array.isArray(given)) return { value: given as JsonObject };
  return { kind: "not a call", problem: 'the arguments are no object: expected one, such as {"city": "Oslo"}, or {}' };
}

/**
 * A call whose name and arguments came apart, as endpoints give them. The same rules hold as for calls in text.
 *
 * @param given JSON text of an object, or an object; empty or undefined where there are none.
 */
export function callFromParts(id: string, name: string, given: unknown): ToolCallRequest | InvalidCall {
  const text = typeof given === "string" ? given : JSON.stringify(given) ?? "";
  const value: JsonObject = Object.create(null);
  value.name = name;
  value.arguments = text;
  const read: ReadCall = text.length > MAX_CALL_CHARACTERS ? { ...TOO_LONG, name } : readCall(value);
  if ("arguments" in read) return { id, ...read };
  return { id, raw: text.slice(0, MAX_RAW_CHARACTERS), ...read };
}

/** Whether it is a call, and not an invalid one. */
export function isCallRequest(call: ToolCallRequest | InvalidCall): call is ToolCallRequest {
  return "arguments" in call;
}

/** Why a call that runs away is none. */
export const TOO_LONG: { kind: InvalidCall["kind"]; problem: string } = {
  kind: "too long",
  problem: `the call is longer than ${MAX_CALL_CHARACTERS} characters: write a shorter one`,
};
