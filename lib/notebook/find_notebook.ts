/** Finding notebooks by number, name or path. */

import { basename, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, found from this file. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folder of the numbered notebooks. */
export const NOTEBOOKS = join(ROOT, "notebooks");

/** The folder that a command was given in; a task itself runs in the repository's root. */
export function commandFolder(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** The paths of all numbered notebooks, in order. */
export async function listNotebooks(folder: string = NOTEBOOKS): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isFile && entry.name.endsWith(".ipynb")) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().map((name) => join(folder, name));
}

/**
 * The path of a notebook.
 *
 * @param which a number ("1" or "01"), a name with or without ending ("01_grpo_gsm8k"), or a path to a file
 * @throws TypeError when there is none or more than one, naming those there are
 */
export async function findNotebook(which: string, folder: string = NOTEBOOKS): Promise<string> {
  const notebooks = await listNotebooks(folder);
  const found = notebooks.filter((path) => {
    const name = basename(path, ".ipynb");
    const number = /^(\d+)_/.exec(name)?.[1];
    const sameNumber = /^\d+$/.test(which) && number !== undefined && Number(number) === Number(which);
    return sameNumber || name === which || `${name}.ipynb` === which;
  });
  if (found.length === 1) return found[0];
  const path = isAbsolute(which) ? which : resolve(commandFolder(), which);
  if (found.length === 0 && await isFile(path)) return path;
  const names = (found.length > 1 ? found : notebooks).map((path) => basename(path)).join(", ") || "none";
  throw new TypeError(
    found.length > 1
      ? `"${which}" may be any of: ${names}`
      : `no notebook "${which}": expected a number, a name or a path; there are: ${names}`,
  );
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile ?? false;
}
