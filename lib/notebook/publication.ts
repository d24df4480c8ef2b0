/** What must hold for a notebook in the repository, beyond the correctness of its code. */

import type { Notebook, Output } from "./nbformat.ts";
import { ROOT } from "./find_notebook.ts";

/** The mime types that an output may carry: what every reader of notebooks shows. */
const ALLOWED_MIME_TYPES = ["text/html", "text/plain"];

/** Absolute paths of somebody's machine. */
const LOCAL_PATH =
  /file:\/\/\/|(?<![\w/.:-])\/(?:home|root|Users|tmp|mnt|private|var\/folders)\/[^\s"'<>]+|\b[A-Za-z]:\\\w/;

/** Where packages come from: shows up in outputs when a cell downloads something. */
const REGISTRY_HOST = /\bregistry\.[\w-]+(?:\.[\w-]+)+|\bnpm\.jsr\.io\b|\bjsr\.io\/@/;

/**
 * The problems of one notebook: its name, its parameters cell, empty cells, outputs that should not be published.
 *
 * @param name the file's name
 */
export function publicationProblems(name: string, notebook: Notebook): { cell?: number; message: string }[] {
  const problems: { cell?: number; message: string }[] = [];
  if (!/^[a-z0-9_]+\.ipynb$/.test(name)) {
    problems.push({ message: "the file's name should be of lower-case letters, digits and underscores" });
  }
  const tagged = notebook.cells.filter((cell) =>
    cell.cell_type === "code" && cell.metadata.tags?.includes("parameters")
  );
  if (tagged.length !== 1) {
    problems.push({ message: `one code cell should be tagged "parameters" in its metadata; ${tagged.length} are` });
  }
  let cellNumber = 0;
  for (const [index, cell] of notebook.cells.entries()) {
    const isCode = cell.cell_type === "code";
    if (isCode) cellNumber++;
    if (cell.source.trim() === "") {
      problems.push({
        ...isCode ? { cell: cellNumber } : {},
        message: `empty ${cell.cell_type} cell (cell ${index + 1} of the notebook): fill or delete it`,
      });
    }
    if (!isCode) continue;
    const found = new Set(cell.outputs.flatMap(outputProblems));
    for (const message of found) problems.push({ cell: cellNumber, message });
  }
  return problems;
}

function outputProblems(output: Output): string[] {
  switch (output.output_type) {
    case "error":
      return [`its output is an error (${output.ename}); run the notebook again`];
    case "stream":
      return textProblems(output.text);
    default: {
      const other = Object.keys(output.data).filter((mime) => !ALLOWED_MIME_TYPES.includes(mime));
      const problems = other.map((mime) =>
        `an output carries ${mime}; allowed are ${ALLOWED_MIME_TYPES.join(" and ")}`
      );
      const texts = Object.values(output.data).map((data) => typeof data === "string" ? data : JSON.stringify(data));
      return [...problems, ...texts.flatMap(textProblems)];
    }
  }
}

function textProblems(text: string): string[] {
  const problems: string[] = [];
  const path = LOCAL_PATH.exec(text)?.[0] ?? (text.includes(ROOT) ? ROOT : undefined);
  if (path !== undefined) problems.push(`an output holds a path of this machine: ${path}`);
  const host = REGISTRY_HOST.exec(text)?.[0] ?? ownRegistryHosts().find((host) => text.includes(host));
  if (host !== undefined) problems.push(`an output names a package registry: ${host}`);
  return problems;
}

/** The hosts that this machine is told to get packages from. */
function ownRegistryHosts(): string[] {
  return ["NPM_CONFIG_REGISTRY", "npm_config_registry", "JSR_URL"].flatMap((name) => {
    const url = Deno.env.get(name);
    return url !== undefined && URL.canParse(url) ? [new URL(url).host] : [];
  });
}
