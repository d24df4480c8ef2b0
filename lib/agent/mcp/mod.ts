/**
 * Tools of programs outside, over the Model Context Protocol: connect to a server, and its tools are tools of ours.
 *
 * @module
 */
export { connectMcp, type McpOptions } from "./connect_mcp.ts";
export type { SkippedTool } from "./list_tools.ts";
export type { McpConnection, McpLimits } from "./mcp_connection.ts";
export { sampleMcpCommand } from "./sample_command.ts";
export { type SampleServer, type SampleServerOptions, serveSampleMcp } from "./serve_sample.ts";
export type { McpAddress, McpCommand, McpServerAddress } from "./server_address.ts";
export { joinTools, type ToolSource } from "./tool_names.ts";
export type { McpAttachment, McpResult } from "./tool_result.ts";
