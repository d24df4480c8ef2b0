/**
 * `deno run -A lib/notebook/check_cli.ts [notebook ...]`: checks the cells and outputs of the notebooks named, or of all.
 *
 * Exit codes: 0 nothing found, 1 problems, 2 the command line is wrong.
 */

import { checkNotebooks, formatProblem } from "./check.ts";
import { findNotebook, listNotebooks } from "./find_notebook.ts";
import { NotebookFormatError } from "./nbformat.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const paths = args.length === 0
      ? await listNotebooks()
      : await Promise.all(args.map((which) => findNotebook(which)));
    const problems = await checkNotebooks(paths);
    for (const problem of problems) console.error(formatProblem(problem));
    const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
    console.log(`checked ${count(paths.length, "notebook")}: ${count(problems.length, "problem")}`);
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof NotebookFormatError)) throw error;
    console.error(error.message);
    return error instanceof TypeError ? 2 : 1;
  }
}
