/**
 * Calls of tools in what a model writes.
 *
 * @module
 */
export { callFromParts, isCallRequest } from "./read_call.ts";
export { joinText, readReply, ReplyParser, type ReplyParserOptions, type ReplyPiece } from "./reply_parser.ts";
export { type InvalidCall, MAX_CALL_CHARACTERS, type MendedPart, type ToolCallRequest } from "./tool_call.ts";
export type { ParameterNames } from "./python_calls.ts";
