/** Where a server is. */

/** A server that is started here, and spoken to over its standard input and output. */
export interface McpCommand {
  /** A program; no shell reads it. */
  command: string;
  args?: readonly string[];
  /**
   * Variables that the server gets besides the few that programs need to run (PATH, HOME, the language and the like). Keys
   * and other secrets of this process are not among those: pass on what the server is to know.
   */
  env?: Readonly<Record<string, string>>;
  /** Default: this process's. */
  cwd?: string;
}

/** A server that runs already, spoken to over HTTP (the protocol calls it streamable HTTP). */
export interface McpAddress {
  /** `http:` or `https:`. */
  url: string | URL;
  /** Such as `Authorization`; sent to this origin only. */
  headers?: Readonly<Record<string, string>>;
}

/** Where a server is. */
export type McpServerAddress = McpCommand | McpAddress;
