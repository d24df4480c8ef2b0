/** A server that is connected, and its tools. */
import type { Tool, ToolContext } from "../tools/mod.ts";
import { cleanText } from "./clean_text.ts";
import { externalTool } from "./external_tool.ts";
import { listTools, type SkippedTool } from "./list_tools.ts";
import {
  type CallToolResult,
  CallToolResultSchema,
  type Client,
  ErrorCode,
  McpError,
  type ServerTool,
  ToolListChangedNotificationSchema,
  type Transport,
} from "./sdk.ts";
import { SubprocessTransport } from "./subprocess_transport.ts";
import { freeName, validName } from "./tool_names.ts";

/** Bounds of what a server offers. */
export interface McpLimits {
  /** Default 64. */
  maxTools?: number;
  /** Characters of a tool's description, at most 1024. Default 500. */
  maxDescription?: number;
  /** Of a tool's schema, as the model reads it. Default 8192. */
  maxSchemaBytes?: number;
}

/** What a connection is made with. */
export interface ConnectionSettings {
  name: string;
  version: string;
  allow: ReadonlySet<string>;
  trustHints: boolean;
  prefixNames: boolean;
  limits: Required<McpLimits>;
  listTimeoutMs: number;
  callTimeoutMs: number;
}

/** The SDK's own limit must not come before the tool's, whose end is told to the server. */
const BEYOND = 5000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 60_000;
/** The SDK puts this before the message of each error. */
const SDK_PREFIX = /^MCP error -?\d+: /;

/** A server that is connected. `connectMcp` makes one. */
export class McpConnection implements AsyncDisposable {
  /** As the server says, unless the user named it. */
  readonly server: { readonly name: string; readonly version: string };

  readonly #client: Client;
  readonly #transport: Transport;
  readonly #settings: ConnectionSettings;
  #tools: readonly Tool[] = [];
  #skipped: readonly SkippedTool[] = [];
  #offered: ReadonlySet<string> = new Set();
  #gone?: string;
  #isClosed = false;
  #waitMs = FIRST_WAIT_MS;
  #timer?: ReturnType<typeof setTimeout>;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(client: Client, transport: Transport, settings: ConnectionSettings) {
    this.#client = client;
    this.#transport = transport;
    this.#settings = settings;
    this.server = Object.freeze({ name: settings.name, version: settings.version });
    client.onclose = () => this.#onGone();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => this.#refreshSoon());
  }

  /** The server's name, for `joinTools`. */
  get name(): string {
    return this.server.name;
  }

  /** The server's tools now: when it says that they changed, the next look finds others. */
  get tools(): readonly Tool[] {
    return this.#tools;
  }

  /** Tools of the server that are not among `tools`, and why. */
  get skipped(): readonly SkippedTool[] {
    return this.#skipped;
  }

  /** Whether the server has a tool that it calls so itself. */
  offers(name: string): boolean {
    return this.#offered.has(name);
  }

  /**
   * Reads the server's list again.
   *
   * @throws {Error} when the server is gone, or does not answer with a list in time; then the tools stay what they were
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#checkAlive();
    const { limits, listTimeoutMs } = this.#settings;
    try {
      const listed = await listTools(this.#client, { maxTools: limits.maxTools, timeoutMs: listTimeoutMs, ...options });
      this.#take(listed.tools, listed.skipped);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw this.#toldError(error, "while its tools were listed");
    }
  }

  /** Ends the connection, and the process where the server is one. Calls that are under way fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await endSession(this.#transport);
    await this.#client.close();
    // Nothing of this connection goes on after the caller was told that it ended.
    await this.#refreshing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(offered: readonly ServerTool[], skippedBefore: readonly SkippedTool[]): void {
    const { allow, prefixNames, limits, callTimeoutMs, trustHints } = this.#settings;
    const skipped = [...skippedBefore];
    const names = new Set<string>();
    const tools: Tool[] = [];
    for (const one of offered) {
      const name = freeName(validName(one.name, prefixNames ? this.name : undefined), names);
      try {
        tools.push(externalTool(one, {
          name,
          isAllowed: allow.has(one.name),
          trustHints,
          maxDescription: limits.maxDescription,
          maxSchemaBytes: limits.maxSchemaBytes,
          timeoutMs: callTimeoutMs,
          call: (toolName, input, context) => this.#call(toolName, input, context),
        }) as Tool);
        names.add(name);
      } catch (error) {
        skipped.push({ name: cleanText(one.name, 64), reason: error instanceof Error ? error.message : String(error) });
      }
    }
    this.#offered = new Set(offered.map(({ name }) => name));
    this.#tools = Object.freeze(tools);
    this.#skipped = Object.freeze(skipped);
  }

  async #call(name: string, input: Record<string, unknown>, { signal }: ToolContext): Promise<CallToolResult> {
    this.#checkAlive();
    try {
      return await this.#client.request(
        { method: "tools/call", params: { name, arguments: input } },
        CallToolResultSchema,
        { signal, timeout: this.#settings.callTimeoutMs + BEYOND },
      );
    } catch (error) {
      throw this.#toldError(error, "during the call");
    }
  }

  #checkAlive(): void {
    if (this.#isClosed) throw new Error(`the connection to the server ${this.name} was closed`);
    if (this.#gone !== undefined) throw new Error(`the server ${this.name} is gone: it ${this.#gone}`);
  }

  /** An error in words that say which server it was, and what it said last. */
  #toldError(cause: unknown, when: string): Error {
    if (this.#isClosed) return new Error(`${when} the connection to the server ${this.name} was closed`, { cause });
    if (this.#gone !== undefined) return new Error(`${when} the server ${this.name} ${this.#gone}`, { cause });
    return new Error(`the server ${this.name}: ${messageOf(cause)}`, { cause });
  }

  #onGone(): void {
    clearTimeout(this.#timer);
    this.#gone ??= this.#transport instanceof SubprocessTransport ? endingOf(this.#transport) : "closed the connection";
  }

  /** Not at once, and later each time: a server that says so at each look would be asked for ever. */
  #refreshSoon(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#gone !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // When that fails the tools stay what they were, and calls will say what is wrong with the server.
      this.#refreshing = this.refresh().catch(() => {});
    }, this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, 2 * this.#waitMs);
  }
}

/** How a process ended, with its last words where it had any. */
export function endingOf({ ending = "ended", lastWords }: SubprocessTransport): string {
  return lastWords === "" ? ending : `${ending} (${lastWords})`;
}

/** What went wrong, without the SDK's prefix. */
export function messageOf(error: unknown): string {
  if (error instanceof McpError && error.code === ErrorCode.RequestTimeout) return "no answer in time";
  const message = error instanceof Error ? error.message : String(error);
  return cleanText(message.replace(SDK_PREFIX, ""), 400) || "an error without words";
}

/** HTTP only: tells the server that the session can be forgotten. A server that does not care is left alone. */
async function endSession(transport: Transport): Promise<void> {
  if (!("terminateSession" in transport) || typeof transport.terminateSession !== "function") return;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), 1000);
  try {
    await Promise.race([transport.terminateSession(), late.promise]);
  } catch {
    // Gone already, or it keeps no sessions.
  } finally {
    clearTimeout(timer);
  }
}
