/** Calls for tests. */
import {
  runTool,
  type RunToolOptions,
  type Tool,
  type ToolFailure,
  type ToolSuccess,
} from "../../../lib/agent/tools/mod.ts";

/** Runs one tool with arguments as a model's JSON gives them. */
export function called(tool: Tool, given: Record<string, unknown>, options?: RunToolOptions) {
  return runTool([tool], { id: "call-1", name: tool.name, arguments: given }, options);
}

/** The result; fails when there is none. */
export async function resultOf(
  tool: Tool,
  given: Record<string, unknown>,
  options?: RunToolOptions,
): Promise<ToolSuccess> {
  const outcome = await called(tool, given, options);
  if (!outcome.ok) throw new Error(`the call failed: ${outcome.message}`);
  return outcome;
}

/** The failure; fails when there is a result. */
export async function failureOf(
  tool: Tool,
  given: Record<string, unknown>,
  options?: RunToolOptions,
): Promise<ToolFailure> {
  const outcome = await called(tool, given, options);
  if (outcome.ok) throw new Error(`the call did not fail: ${outcome.text}`);
  return outcome;
}
