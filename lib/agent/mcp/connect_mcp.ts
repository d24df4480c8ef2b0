/** Tools of programs outside, over the Model Context Protocol. */
import { Client } from "./sdk.ts";
import { cleanText } from "./clean_text.ts";
import { httpTransport } from "./http_transport.ts";
import { endingOf, McpConnection, type McpLimits, messageOf } from "./mcp_connection.ts";
import type { McpServerAddress } from "./server_address.ts";
import { SubprocessTransport } from "./subprocess_transport.ts";

/** Options of `connectMcp`. */
export interface McpOptions {
  /** The server's name in messages and before names. Default: what it calls itself. */
  name?: string;
  /**
   * Tools, by the server's names, that may run without being asked for. By default each call counts as one with side effects,
   * which is asked for first, unless the server says of the tool that it only reads.
   */
  allow?: readonly string[];
  /** Whether to believe a server that says of a tool that it only reads. Default true. */
  trustHints?: boolean;
  /** Whether to put the server's name before its tools' names. Default false: `joinTools` does so where it has to be. */
  prefixNames?: boolean;
  /** Stops connecting. */
  signal?: AbortSignal;
  /** For connecting: the start, the greeting and the list together. Later for each page of a list. Default 20,000. */
  timeoutMs?: number;
  /** For each call. Default 30,000. */
  callTimeoutMs?: number;
  limits?: McpLimits;
}

/**
 * Connects to an MCP server and reads what tools it has. Everything they return counts as written by strangers; so does what
 * is said of them, which is cleaned and cut before a model reads it. What the server offers beyond tools (prompts, resources,
 * instructions) is not used, and it can ask this side for nothing.
 *
 * Close the connection in the end, or write `await using`; a server that was started here ends with it.
 *
 * @throws {TypeError} for an address, option or allowed tool that cannot be
 * @throws {Error} when the server cannot be started or reached, or does not greet back in time; with what it wrote last
 *
 * @example
 * ```ts
 * await using notes = await connectMcp(sampleMcpCommand());
 * for await (const event of runAgent({ model, tools: joinTools(houseTools(), [notes]), messages })) show(event);
 * ```
 */
export async function connectMcp(address: McpServerAddress, options: McpOptions = {}): Promise<McpConnection> {
  const { allow = [], trustHints = true, prefixNames = false, signal } = options;
  const { timeoutMs = 20_000, callTimeoutMs = 30_000 } = options;
  const limits = { maxTools: 64, maxDescription: 500, maxSchemaBytes: 8192, ...options.limits };
  for (const [key, value] of Object.entries({ timeoutMs, callTimeoutMs, ...limits })) {
    // Timers count milliseconds in 31 bits; of longer times they fire at once.
    if (!Number.isInteger(value) || value < 1 || value > MAX_OPTION) {
      throw new TypeError(`${key}: expected a whole number from 1 to ${MAX_OPTION}, got ${value}`);
    }
  }
  signal?.throwIfAborted();

  const shownAddress = "command" in address ? address.command : new URL(address.url).host;
  const transport = "command" in address ? new SubprocessTransport(address) : httpTransport(address);
  const client = new Client({ name: "kiln", version: "1.0.0" }, { capabilities: {} });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const stopped = AbortSignal.any([late.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    await client.connect(transport, { signal: stopped, timeout: timeoutMs });
    const { name: ownName = "", version = "" } = client.getServerVersion() ?? {};
    const connection = new McpConnection(client, transport, {
      name: options.name ?? (cleanText(ownName, 64) || "server"),
      version: cleanText(version, 64),
      allow: new Set(allow),
      trustHints,
      prefixNames,
      limits: { ...limits, maxDescription: Math.min(1024, limits.maxDescription) },
      listTimeoutMs: timeoutMs,
      callTimeoutMs,
    });
    await connection.refresh({ signal: stopped });
    const unknown = allow.filter((name) => !connection.offers(name));
    if (unknown.length > 0) {
      throw new TypeError(`allow: the server ${connection.name} has no tool ${unknown.join(", ")}`);
    }
    return connection;
  } catch (error) {
    // Before it is ended from here, which is no reason.
    const said = late.signal.aborted ? "no answer in time" : messageOf(error);
    const reason = transport instanceof SubprocessTransport ? processReason(transport, said) : said;
    await transport.close();
    signal?.throwIfAborted();
    if (error instanceof TypeError && error.message.startsWith("allow:")) throw error;
    throw new Error(`could not connect to the MCP server ${options.name ?? shownAddress}: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

const MAX_OPTION = 2_000_000_000;

function processReason(transport: SubprocessTransport, said: string): string {
  if (transport.ending !== undefined) return `it ${endingOf(transport)}`;
  return transport.lastWords === "" ? said : `${said} (${transport.lastWords})`;
}
