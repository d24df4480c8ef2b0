/** The files of a folder, in an order that is the same everywhere. */
import { basename, join, matchesGlob } from "node:path";

/** A file that was found. */
export interface FoundFile {
  path: string;
  /** Relative to the folder, with `/`. */
  name: string;
}

/**
 * All files of a folder and the folders in it, sorted by name. Hidden ones (a dot first) and `node_modules` are skipped.
 * Links are followed after everything else, to what has not been seen yet: a file is found once, and loops end.
 *
 * @param include globs of names, such as `*.md` (in any folder) or `guides/**`; default all
 */
export async function findFiles(folder: string, include?: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const seen = new Set<string>();
  const links: FoundFile[] = [];

  async function visit(path: string, name: string): Promise<void> {
    const real = await Deno.realPath(path);
    if (seen.has(real)) return;
    seen.add(real);
    if ((await Deno.stat(path)).isFile) {
      if (included(name, include)) found.push({ path, name });
      return;
    }
    const entries = await Array.fromAsync(Deno.readDir(path));
    for (const entry of entries.sort((a, b) => compare(a.name, b.name))) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const inside = { path: join(path, entry.name), name: name === "" ? entry.name : `${name}/${entry.name}` };
      if (entry.isSymlink) links.push(inside);
      else if (entry.isDirectory || entry.isFile) await visitReadable(inside);
    }
  }

  /** What cannot be opened is found all the same, so that whoever reads it can say so. */
  async function visitReadable({ path, name }: FoundFile): Promise<void> {
    try {
      await visit(path, name);
    } catch {
      found.push({ path, name });
    }
  }

  await visit(folder, "");
  // Folders behind links may hold more links.
  for (const link of links) await visitReadable(link);
  return found.sort((a, b) => compare(a.name, b.name));
}

/** Not by the language of the machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function included(name: string, include?: readonly string[]): boolean {
  if (include === undefined) return true;
  return include.some((glob) => matchesGlob(glob.includes("/") ? name : basename(name), glob));
}
