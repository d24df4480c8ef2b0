/** What is wrong with a cell that does not parse: the kernel says only "Execution failed". */

import { z } from "zod";

const LintReport = z.object({ errors: z.array(z.object({ message: z.string() })) });

/**
 * The parser's message for TypeScript that does not parse, with the line and column in the cell, or undefined when it parses.
 */
export async function syntaxErrorOf(source: string): Promise<string | undefined> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["lint", "--quiet", "--json", "--no-config", "-"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  const { stdout } = await child.output();
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
  const message = LintReport.safeParse(json).data?.errors.at(0)?.message;
  return message?.replace(/^SyntaxError: /, "").replace(/at \S*?:(\d+):(\d+)\s*$/, "at line $1, column $2 of the cell");
}
