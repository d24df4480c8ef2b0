/** Checks notebooks without running them: types and lint of their cells, and what must hold for a notebook that is published. */

import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type CellLine, type CellModule, cellsToModule } from "./cells_to_module.ts";
import { commandFolder, ROOT } from "./find_notebook.ts";
import { readNotebook } from "./nbformat.ts";
import { publicationProblems } from "./publication.ts";

/** Something wrong in a notebook. */
export type Problem = {
  /** The notebook's path, or undefined for a file that notebooks import. */
  notebook?: string;
  /** Which code cell, from 1, and which line of it, from 1. */
  cell?: number;
  line?: number;
  message: string;
};

/** One line that names notebook, cell and line. */
export function formatProblem({ notebook, cell, line, message }: Problem): string {
  const place = [
    ...notebook === undefined ? [] : [relative(commandFolder(), notebook)],
    ...cell === undefined ? [] : [`code cell ${cell}`],
    ...line === undefined ? [] : [`line ${line}`],
  ];
  return place.length === 0 ? message : `${place.join(", ")}: ${message}`;
}

/**
 * Type-checks and lints the cells of notebooks with the repository's settings, and checks name, tags and outputs.
 *
 * @returns every problem found; none when all is well
 * @throws NotebookFormatError when a file is not a notebook
 */
export async function checkNotebooks(paths: readonly string[]): Promise<Problem[]> {
  if (paths.length === 0) return [];
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "kiln_check_" }));
  try {
    const problems: Problem[] = [];
    const modules: ModuleOnDisk[] = [];
    for (const [i, path] of paths.entries()) {
      const notebook = await readNotebook(path);
      problems.push(
        ...publicationProblems(basename(path), notebook).map((problem) => ({ notebook: path, ...problem })),
      );
      const file = join(folder, `notebook_${i}.ts`);
      const module = cellsToModule(notebook, await Deno.realPath(dirname(path)));
      await Deno.writeTextFile(file, module.source);
      modules.push({ notebook: path, file, url: pathToFileURL(file).href, module });
    }
    const lint = await lintModules(modules);
    const unparsed = new Set(lint.filter((problem) => problem.syntax).map((problem) => problem.notebook));
    problems.push(...lint.map(({ syntax: _, ...problem }) => problem));
    // One file that does not parse would keep all others from being type-checked.
    problems.push(...await typeCheckModules(modules.filter(({ notebook }) => !unparsed.has(notebook))));
    return problems;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type ModuleOnDisk = { notebook: string; file: string; url: string; module: CellModule };

const LintReport = z.object({
  diagnostics: z.array(z.object({
    filename: z.string(),
    range: z.object({ start: z.object({ line: z.number() }) }),
    code: z.string(),
    message: z.string(),
    hint: z.string().nullish(),
  })),
  errors: z.array(z.object({ file_path: z.string(), message: z.string() })),
});

async function lintModules(modules: readonly ModuleOnDisk[]): Promise<(Problem & { syntax: boolean })[]> {
  const { stdout, stderr } = await deno([
    "lint",
    "--quiet",
    "--json",
    ...configArguments(),
    ...modules.map((m) => m.file),
  ]);
  let report: z.infer<typeof LintReport>;
  try {
    report = LintReport.parse(JSON.parse(stdout));
  } catch {
    return [{ message: `deno lint did not report as expected: ${stderr.trim() || stdout.trim()}`, syntax: false }];
  }
  const diagnostics = report.diagnostics.map(({ filename, range, code, message, hint }) => {
    const module = modules.find(({ url, file }) => filename === url || filename === file);
    const text = `${code}: ${message}${hint ? ` (${hint})` : ""}`;
    return { ...placeIn(module, range.start.line), message: text, syntax: false };
  });
  const errors = report.errors.map(({ file_path, message }) => {
    const module = modules.find(({ file }) => file === file_path);
    const line = Number(/:(\d+):\d+\s*$/.exec(message)?.[1]);
    return { ...placeIn(module, line), message: message.split("\n", 1)[0], syntax: true };
  });
  return [...diagnostics, ...errors];
}

async function typeCheckModules(modules: readonly ModuleOnDisk[]): Promise<Problem[]> {
  if (modules.length === 0) return [];
  const { success, stderr } = await deno([
    "check",
    "--quiet",
    ...configArguments(),
    ...modules.map(({ file }) => file),
  ]);
  if (success) return [];
  const problems = stderr.split(/\n{2,}/).flatMap((block): Problem[] => {
    const [, message, url, line] = /^([\s\S]*?)\s*\bat (file:\/\/\S+?):(\d+):\d+/.exec(block) ?? [];
    if (message === undefined) return [];
    const module = modules.find((candidate) => candidate.url === url);
    const text = readable(message.replace(" [ERROR]", ""));
    return [
      module ? { ...placeIn(module, Number(line)), message: text } : { message: `${readable(url)}:${line}: ${text}` },
    ];
  });
  return problems.length > 0 ? problems : [{ message: readable(stderr.trim()) }];
}

function placeIn(module: ModuleOnDisk | undefined, line: number): { notebook?: string } & Partial<CellLine> {
  return { notebook: module?.notebook, ...module?.module.lines[line - 1] };
}

/** Without the absolute path of the repository. */
function readable(text: string): string {
  return text.replaceAll(pathToFileURL(ROOT).href, "").replaceAll(ROOT, "");
}

/** The modules lie in a temporary folder, from where the settings would not be found. */
function configArguments(): string[] {
  return ["--config", join(ROOT, "deno.json")];
}

async function deno(args: string[]): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { NO_COLOR: "1" } });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
