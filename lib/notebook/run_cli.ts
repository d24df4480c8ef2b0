/**
 * `deno run -A lib/notebook/run_cli.ts 01 --size smoke`: runs a notebook, showing its progress.
 *
 * Exit codes: 0 success, 1 a cell or the kernel failed, 2 the command line is wrong, 130 stopped by Ctrl-C.
 */

import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parseRunArguments, RUN_HELP, type RunCommand, UsageError } from "./command_line.ts";
import { commandFolder, findNotebook, ROOT } from "./find_notebook.ts";
import { NotebookFormatError } from "./nbformat.ts";
import { formatSeconds, terminalColumns } from "./progress.ts";
import { CellError, CellTimeoutError, runNotebook } from "./run.ts";
import { TerminalReport } from "./terminal_report.ts";

/** The run was stopped from outside. */
class StoppedError extends Error {
  override name = "StoppedError";
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const report = new TerminalReport({
    write: writeOut,
    columns: Deno.stdout.isTerminal() ? terminalColumns() : undefined,
  });
  const stopping = stopOnSignals();
  const startedAt = performance.now();
  let output: string | undefined;
  try {
    const command = parseRunArguments(args);
    if (command === "help") {
      writeOut(RUN_HELP);
      return 0;
    }
    const path = await findNotebook(command.notebook);
    output = outputPath(command, path);
    await runNotebook({
      path,
      output,
      size: command.size,
      parameters: await seenFrom(dirname(path), command.set),
      cellTimeout: command.cellTimeout,
      signal: stopping.signal,
      onEvent: (event) => report.onEvent(event),
    });
    writeOut(`done in ${formatSeconds((performance.now() - startedAt) / 1000)}; with outputs: ${shown(output)}\n`);
    return 0;
  } catch (error) {
    return failed(error, output, args.includes("--in-place"));
  } finally {
    stopping.dispose();
  }
}

function failed(error: unknown, output: string | undefined, inPlace: boolean): number {
  const written = output === undefined || inPlace ? "" : `the cells until then, with outputs: ${shown(output)}\n`;
  if (error instanceof StoppedError) {
    writeError(`stopped: ${error.message}\n${written}`);
    return 130;
  }
  if (error instanceof CellError || error instanceof CellTimeoutError) {
    // The report has shown all of it where it happened.
    writeError(`${error.message.split("\n", 1)[0]}\n${written}`);
    return 1;
  }
  if (error instanceof UsageError || error instanceof TypeError || error instanceof NotebookFormatError) {
    writeError(`${error.message}\n`);
    return error instanceof NotebookFormatError ? 1 : 2;
  }
  writeError(`${error instanceof Error ? error.message : error}\n${written}`);
  return 1;
}

/** Ctrl-C, a closed terminal and a polite kill all end the run, and the kernel with it. */
function stopOnSignals(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  const handlers = signals.map((name) => {
    const onSignal = () => {
      // The second time: at once. The kernel notices that this process is gone.
      if (controller.signal.aborted) Deno.exit(130);
      controller.abort(new StoppedError(name === "SIGINT" ? "Ctrl-C" : name));
    };
    Deno.addSignalListener(name, onSignal);
    return () => Deno.removeSignalListener(name, onSignal);
  });
  return { signal: controller.signal, dispose: () => handlers.forEach((remove) => remove()) };
}

function outputPath(command: RunCommand, notebook: string): string {
  if (command.inPlace) return notebook;
  if (command.output !== undefined) return resolve(commandFolder(), command.output);
  return join(ROOT, "outputs", "notebooks", basename(notebook));
}

/**
 * The parameters with every value that is a path from the command's folder made a path from the notebook's folder, where the
 * kernel runs. A value without a slash is never taken for a path.
 */
async function seenFrom(folder: string, set: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const entries = Object.entries(set).map(async ([name, value]) => {
    if (!/[/\\]/.test(value) || isAbsolute(value)) return [name, value] as const;
    const path = resolve(commandFolder(), value);
    const exists = await Deno.stat(path).then(() => true, () => false);
    return [name, exists ? relative(folder, path) : value] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function shown(path: string): string {
  const fromHere = relative(commandFolder(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

function writeOut(text: string): void {
  writeAll(Deno.stdout, text);
}

function writeError(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let offset = 0; offset < bytes.length;) offset += stream.writeSync(bytes.subarray(offset));
  } catch (error) {
    // Whoever read along has gone (`| head`); the run goes on for the notebook that it writes.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
