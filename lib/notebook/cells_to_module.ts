/** The code cells of a notebook as one TypeScript module, so that tools which read only modules can check them. */

import { pathToFileURL } from "node:url";
import type { Notebook } from "./nbformat.ts";

/** A line of a code cell; cells are counted from 1 among the code cells, lines from 1. */
export type CellLine = { cell: number; line: number };

/** A module made of cells. */
export type CellModule = {
  source: string;
  /** For each line of the module (the first at index 0) where it is from; undefined for lines between cells. */
  lines: (CellLine | undefined)[];
};

/** Between two cells: ends a statement that has no semicolon, and makes the file a module. Says nothing else. */
const SEPARATOR = "export {};";

/**
 * Puts the code cells one below the other. Each line stays a line of its own, so that a message about the module can be told in terms
 * of the cell (`lines`).
 *
 * Cells share one scope, as in the kernel. Importing the same name from the same module again, which cells do so that each can be read
 * alone, is left out; any other second declaration of a name stays and is an error, since the reader of a notebook must be able to rely
 * on names.
 *
 * @param folder the notebook's folder, for relative imports, which become absolute
 */
export function cellsToModule(notebook: Notebook, folder: string): CellModule {
  const base = pathToFileURL(folder.replace(/[/\\]*$/, "/"));
  const imported = new Map<string, string>();
  const text: string[] = [];
  const lines: CellModule["lines"] = [];
  let cellNumber = 0;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    cellNumber++;
    const source = absoluteImports(withoutRepeatedImports(cell.source, imported), base);
    for (const [i, line] of source.split("\n").entries()) {
      text.push(line);
      lines.push({ cell: cellNumber, line: i + 1 });
    }
    text.push(SEPARATOR);
    lines.push(undefined);
  }
  return { source: text.map((line) => line + "\n").join(""), lines };
}

/** `import defaultName, * as all, { a, b as c } from "x";` at the start of a line, over one line or several. */
const IMPORT = /^import\s+(type\s+)?([\w$\s,{}*]+?)\s+from\s*(["'])([^"'\n]+)\3;?/gm;

/** Leaves out names that were imported from the same module before; keeps the number of lines. */
function withoutRepeatedImports(source: string, imported: Map<string, string>): string {
  return source.replaceAll(
    IMPORT,
    (statement: string, type: string | undefined, clause: string, _quote, from: string) => {
      const { outside, inside } = splitClause(clause);
      const isNew = (binding: string) => {
        const name = localName(binding);
        if (imported.get(name) === from) return false;
        imported.set(name, from);
        return true;
      };
      const newOutside = outside.filter(isNew);
      const newInside = inside.filter(isNew);
      if (newOutside.length === outside.length && newInside.length === inside.length) return statement;
      const kept = [...newOutside, ...newInside.length > 0 ? [`{ ${newInside.join(", ")} }`] : []];
      const rest = kept.length === 0 ? "" : `import ${type ?? ""}${kept.join(", ")} from "${from}";`;
      return rest + "\n".repeat(statement.split("\n").length - 1);
    },
  );
}

/** The bindings of an import clause: those outside and those inside the braces. */
function splitClause(clause: string): { outside: string[]; inside: string[] } {
  const [, before, braces = ""] = /^([^{]*)(?:\{([^}]*)\})?/s.exec(clause)!;
  const list = (text: string) => text.split(",").map((binding) => binding.trim()).filter((binding) => binding !== "");
  return { outside: list(before), inside: list(braces) };
}

/** The name that a binding such as `type a as b` or `* as b` declares. */
function localName(binding: string): string {
  return binding.split(/\s+/).at(-1)!;
}

/** Specifiers that begin with a dot, made absolute; the rest of the text may move to the right, but not to another line. */
function absoluteImports(source: string, base: URL): string {
  return source.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]*)\2/g,
    (_, before: string, quote: string, specifier: string) => before + quote + new URL(specifier, base).href + quote,
  );
}
