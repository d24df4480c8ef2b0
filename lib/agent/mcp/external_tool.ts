/** A server's tool as one of ours. */
import { defineTool, type Tool, type ToolContext } from "../tools/mod.ts";
import { argumentSchema } from "./argument_schema.ts";
import { cleanText } from "./clean_text.ts";
import type { CallToolResult, ServerTool } from "./sdk.ts";
import { shownSchema } from "./shown_schema.ts";
import { type McpResult, mcpResult, modelViewOf } from "./tool_result.ts";

/** What an external tool is made with. */
export interface ExternalToolOptions {
  /** Valid, and free. */
  name: string;
  /** Whether the user lets it run without being asked. */
  isAllowed: boolean;
  trustHints: boolean;
  maxDescription: number;
  maxSchemaBytes: number;
  timeoutMs: number;
  /** Asks the server. */
  call(name: string, input: Record<string, unknown>, context: ToolContext): Promise<CallToolResult>;
}

/**
 * A server's tool. Its results count as written by strangers, and its calls are asked for first, unless the user allows the
 * tool or the server says that it changes nothing.
 *
 * @throws {TypeError} when its schema is too large, or holds names that no model should read
 */
export function externalTool(
  offered: ServerTool,
  options: ExternalToolOptions,
): Tool<Record<string, unknown>, McpResult> {
  const { name, isAllowed, trustHints, maxDescription, maxSchemaBytes, timeoutMs, call } = options;
  const { annotations = {}, outputSchema } = offered;
  const isReadOnly = trustHints && annotations.readOnlyHint === true && annotations.destructiveHint !== true;
  const description = cleanText(offered.description ?? offered.title ?? annotations.title ?? "", maxDescription);
  const promised = outputSchema === undefined ? undefined : argumentSchema(outputSchema);
  return defineTool<Record<string, unknown>, McpResult>({
    name,
    description: description === "" ? `The tool ${name}.` : description,
    input: argumentSchema(offered.inputSchema),
    parameters: shownSchema(offered.inputSchema, maxSchemaBytes),
    timeoutMs,
    sideEffects: !(isAllowed || isReadOnly),
    untrusted: true,
    async run(input, context) {
      const answer = await call(offered.name, input, context);
      const result = mcpResult(answer);
      if (answer.isError === true) throw new Error(result.text.trim() || "the tool failed and did not say why");
      const isAsPromised = promised === undefined || promised.safeParse(result.data).success;
      if (!isAsPromised) throw new Error("the server's result is not of the form that it promised");
      return result;
    },
    modelView: modelViewOf,
  });
}
