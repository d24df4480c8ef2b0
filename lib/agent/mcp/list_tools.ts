/** What a server offers. */
import { z } from "zod";
import { cleanText } from "./clean_text.ts";
import { type Client, type ServerTool, ToolSchema } from "./sdk.ts";

/** A tool of the server's that is not among the tools, and why. */
export interface SkippedTool {
  name: string;
  reason: string;
}

/** The list as the server gave it. */
export interface ListedTools {
  tools: ServerTool[];
  skipped: SkippedTool[];
}

const MAX_PAGES = 100;

/** A page, whose tools are read one by one: a single bad one must not take the others with it. */
const Page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

/**
 * Reads all pages of a server's list, up to `maxTools` tools. Of two tools with one name the first counts.
 *
 * @throws {Error} when the server does not answer in time, or not with a list
 */
export async function listTools(
  client: Client,
  { maxTools, signal, timeoutMs }: { maxTools: number; signal?: AbortSignal; timeoutMs: number },
): Promise<ListedTools> {
  const tools: ServerTool[] = [];
  const skipped: SkippedTool[] = [];
  // A server may be one of resources or prompts only.
  if (client.getServerCapabilities()?.tools === undefined) return { tools, skipped };
  const names = new Set<string>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await client.request({ method: "tools/list", params }, Page, { signal, timeout: timeoutMs });
    for (const offered of listed.tools) {
      const parsed = ToolSchema.safeParse(offered);
      if (!parsed.success) {
        const { path, message } = parsed.error.issues[0];
        skipped.push({ name: nameOf(offered), reason: cleanText(`${path.join(".")}: ${message}`, 200) });
      } else if (names.has(parsed.data.name)) {
        skipped.push({ name: nameOf(offered), reason: "the server has another tool of this name" });
      } else if (tools.length >= maxTools) {
        skipped.push({ name: nameOf(offered), reason: `the server has more than ${maxTools} tools` });
        // Its other pages need not be read to know.
        return { tools, skipped };
      } else {
        names.add(parsed.data.name);
        tools.push(parsed.data);
      }
    }
    cursor = listed.nextCursor;
    // A list that leads back to itself has no end.
    if (cursor === undefined || cursors.has(cursor)) break;
    cursors.add(cursor);
  }
  return { tools, skipped };
}

function nameOf(offered: unknown): string {
  const named = z.object({ name: z.string() }).safeParse(offered);
  return named.success ? cleanText(named.data.name, 64) : "(no name)";
}
