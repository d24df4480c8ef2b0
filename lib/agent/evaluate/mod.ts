/**
 * How good an agent is.
 *
 * @module
 */
export {
  evaluateToolUse,
  type ToolUseEvaluation,
  type ToolUseOptions,
  type ToolUseRow,
  type ToolUseShare,
} from "./evaluate_tool_use.ts";
export { type ToolUseCase, toolUseCases } from "./tool_use_cases.ts";
