/** How to start the sample server. */
import { fileURLToPath } from "node:url";
import type { McpCommand } from "./server_address.ts";

/**
 * The sample server as a subprocess, from whatever folder: `connectMcp(sampleMcpCommand())`. It may do nothing but read its
 * input and write its output.
 */
export function sampleMcpCommand(): McpCommand {
  const cache = Deno.env.get("DENO_DIR");
  return {
    command: Deno.execPath(),
    args: ["run", "--no-prompt", fileURLToPath(new URL("./sample_server.ts", import.meta.url))],
    // Where its packages are.
    ...(cache === undefined ? {} : { env: { DENO_DIR: cache } }),
  };
}
