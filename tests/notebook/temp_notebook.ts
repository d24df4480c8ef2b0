/** Small notebooks on disk for the tests, and a look at whether a process still runs. */

import { join } from "node:path";
import { ROOT } from "../../lib/notebook/find_notebook.ts";
import { type Output, readNotebook } from "../../lib/notebook/nbformat.ts";

/** A code cell: its source, or its source and its tags. */
export type TestCell = string | { source: string; tags: string[] };

/** The address by which a cell imports the public face of lib/notebook. */
export const NOTEBOOK_LIB = new URL("../../lib/notebook/mod.ts", import.meta.url).href;

/** A folder inside the repository, so that deno.json is found from it as it is from notebooks/; gone when disposed. */
export async function tempFolder(): Promise<{ path: string } & AsyncDisposable> {
  await Deno.mkdir(join(ROOT, "outputs"), { recursive: true });
  const path = await Deno.makeTempDir({ dir: join(ROOT, "outputs"), prefix: "test_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Writes a notebook of code cells and returns its path. */
export async function writeTestNotebook(
  folder: string,
  cells: readonly TestCell[],
  name = "01_test.ipynb",
): Promise<string> {
  const path = join(folder, name);
  const document = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: cells.map((cell, i) => ({
      cell_type: "code",
      id: `c${i}`,
      metadata: typeof cell === "string" ? {} : { tags: cell.tags },
      source: typeof cell === "string" ? cell : cell.source,
      outputs: [],
      execution_count: null,
    })),
  };
  await Deno.writeTextFile(path, JSON.stringify(document));
  return path;
}

/** The outputs of each code cell of a notebook on disk. */
export async function outputsOf(path: string): Promise<Output[][]> {
  const notebook = await readNotebook(path);
  return notebook.cells.flatMap((cell) => cell.cell_type === "code" ? [cell.outputs] : []);
}

/** The text of all streams among the outputs. */
export function streamText(outputs: readonly Output[]): string {
  return outputs.map((output) => output.output_type === "stream" ? output.text : "").join("");
}

/** True while the process exists and is not a dead one that nobody has asked about. */
export async function isRunning(pid: number): Promise<boolean> {
  if (Deno.build.os === "linux") {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    return stat !== "" && !/\) [ZX] /.test(stat);
  }
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}

/** Waits until the process is gone; false when it is still there after five seconds. */
export async function isGoneSoon(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 250; tries++) {
    if (!await isRunning(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
