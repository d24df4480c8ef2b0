/**
 * A small MCP server to try things on:
 *
 * ```sh
 * deno run lib/agent/mcp/sample_server.ts                # over standard input and output
 * deno run --allow-net lib/agent/mcp/sample_server.ts --http [--port 8123]
 * ```
 */
import { sampleServer } from "./sample_tools.ts";
import { StdioServerTransport } from "./sdk_server.ts";
import { serveSampleMcp } from "./serve_sample.ts";

async function main(args: readonly string[]): Promise<void> {
  if (!args.includes("--http")) {
    await sampleServer().connect(new StdioServerTransport());
    return;
  }
  const at = args.indexOf("--port");
  const port = at === -1 ? 0 : Number(args[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`--port: expected a whole number from 0 to 65535, got ${args[at + 1]}`);
    Deno.exit(2);
  }
  const { url } = await serveSampleMcp({ port });
  console.log(url);
}

if (import.meta.main) await main(Deno.args);
