/** Names of tools of several origins. */
import type { Tool } from "../tools/mod.ts";

const MAX_LENGTH = 64;
const MAX_PREFIX = 24;

/** A name made of what models and endpoints take: letters, digits, `_` and `-`, at most 64 of them. */
export function validName(name: string, prefix?: string): string {
  const valid = (text: string) => text.normalize("NFKD").replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^_+|_+$/g, "");
  const start = prefix === undefined ? "" : `${valid(prefix).slice(0, MAX_PREFIX) || "server"}_`;
  const whole = start + (valid(name) || "tool");
  // "constructor" is a fine word, but a table of tools by name would already have it.
  return (whole in Object.prototype ? `tool_${whole}` : whole).slice(0, MAX_LENGTH);
}

/** The name, or with `_2`, `_3` ... at its end where others have it. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2;; number++) {
    const ending = `_${number}`;
    const other = name.slice(0, MAX_LENGTH - ending.length) + ending;
    if (!taken.has(other)) return other;
  }
}

/** Tools of one server, and what to put before their names where those are not free. */
export interface ToolSource {
  readonly name: string;
  readonly tools: readonly Tool[];
}

/**
 * One list of tools for an agent: its own, which keep their names, and those of servers. A name that the agent's own tools or
 * a second server has too gets its server's name before it, in whatever order the servers come, so that no server can put
 * itself in the place of another tool.
 *
 * @example
 * ```ts
 * const tools = joinTools(houseTools(), [notes, files]);
 * ```
 */
export function joinTools(own: readonly Tool[], servers: readonly ToolSource[]): Tool[] {
  const count = new Map<string, number>();
  for (const { name } of [...own, ...servers.flatMap(({ tools }) => tools)]) {
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  const ownNames = new Set(own.map(({ name }) => name));
  const taken = new Set(count.keys());
  const joined = [...own];
  for (const server of servers) {
    for (const tool of server.tools) {
      if (count.get(tool.name) === 1 && !ownNames.has(tool.name)) {
        joined.push(tool);
        continue;
      }
      const name = freeName(validName(tool.name, server.name), taken);
      taken.add(name);
      joined.push(Object.freeze({ ...tool, name }));
    }
  }
  return joined;
}
