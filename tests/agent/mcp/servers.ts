/** Servers to connect to. */
import { fileURLToPath } from "node:url";
import type { McpCommand } from "../../../lib/agent/mcp/mod.ts";

function script(path: string, args: readonly string[]): McpCommand {
  const cache = Deno.env.get("DENO_DIR");
  return {
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", fileURLToPath(new URL(path, import.meta.url)), ...args],
    ...(cache === undefined ? {} : { env: { DENO_DIR: cache } }),
  };
}

/** The sample server as a subprocess. */
export function sampleCommand(...args: string[]): McpCommand {
  return script("../../../lib/agent/mcp/sample_server.ts", args);
}

/** A server that misbehaves, see odd_server.ts. */
export function oddCommand(oddity: string, ...args: string[]): McpCommand {
  return script("./odd_server.ts", [oddity, ...args]);
}

/** A test that fails for anything it leaves behind, which Deno does not look for by itself. */
export function strictTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}

/** Waits until something is so. Fails after five seconds. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not come true within five seconds");
}
