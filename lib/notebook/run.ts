/** Runs a notebook from top to bottom in the real Deno kernel and collects what its cells put out. */

import { DenoKernel } from "./kernel.ts";
import type { ExecuteReply, Published } from "./messages.ts";
import { type CodeCell, type Notebook, readNotebook, writeNotebook } from "./nbformat.ts";
import { DisplayIds, OutputCollector } from "./outputs.ts";
import { encodeOverrides, type Overrides, PARAMETERS_VARIABLE } from "./overrides.ts";
import { syntaxErrorOf } from "./syntax_error.ts";

/** Which code cell, for messages. */
export type CellPlace = {
  /** Position among all cells of the notebook, from 0. */
  index: number;
  /** Position among the code cells that are run, from 1. */
  number: number;
  /** How many code cells are run. */
  total: number;
  /** The first line of the cell, by which a reader knows it. */
  firstLine: string;
};

/** What happens while a notebook runs. */
export type RunEvent =
  | { type: "cellStarted"; cell: CellPlace }
  /** Text that the cell printed. */
  | { type: "stream"; cell: CellPlace; name: "stdout" | "stderr"; text: string }
  /** The plain form of something displayed; `update` when it replaces what was shown under that id before. */
  | { type: "display"; cell: CellPlace; text: string; id: string | undefined; update: boolean }
  | { type: "cellFinished"; cell: CellPlace; seconds: number }
  | { type: "cellFailed"; cell: CellPlace; seconds: number; error: Error }
  /** What the kernel's process itself wrote: native libraries, downloads of packages. */
  | { type: "log"; text: string };

/** How a notebook is run. */
export type RunOptions = {
  /** The notebook. It runs in its own folder, as in Jupyter. */
  path: string;
  /** Where the executed notebook goes. May be `path` itself: then it is written only when every cell succeeded. */
  output?: string;
  /** Values for the parameters cell. */
  parameters?: Overrides["set"];
  /** The size of run, as the parameters cell names them: `full` (default) or `smoke`. */
  size?: string;
  /** Seconds that one cell may take. Default: no limit. */
  cellTimeout?: number;
  /** Stops the run. */
  signal?: AbortSignal;
  /** Told of progress, in order. */
  onEvent?: (event: RunEvent) => void;
};

/** A cell threw. */
export class CellError extends Error {
  override name = "CellError";
  constructor(
    readonly cell: CellPlace,
    readonly ename: string,
    readonly evalue: string,
    readonly traceback: readonly string[],
  ) {
    super(`code cell ${cell.number} of ${cell.total} (${cell.firstLine}) failed: ${ename}: ${evalue}`);
  }
}

/** A cell took longer than it may. */
export class CellTimeoutError extends Error {
  override name = "CellTimeoutError";
  constructor(readonly cell: CellPlace, readonly seconds: number) {
    super(`code cell ${cell.number} of ${cell.total} (${cell.firstLine}) took longer than ${seconds} s`);
  }
}

/** How long an interrupted cell may take to stop by itself. */
const INTERRUPT_MILLISECONDS = 500;

/**
 * Runs every code cell in order, in a fresh Deno kernel that is gone when this returns or throws.
 *
 * @returns the executed notebook
 * @throws CellError when a cell throws, with its place; the cells until then keep their outputs in the written notebook
 * @throws CellTimeoutError when a cell takes longer than `cellTimeout`
 * @throws KernelDiedError when the kernel's process ends
 * @throws the signal's reason when it aborts
 * @throws NotebookFormatError when the file is not a notebook
 */
export async function runNotebook(options: RunOptions): Promise<Notebook> {
  const { path, output, signal } = options;
  const onEvent = options.onEvent ?? (() => {});
  const notebook = await readNotebook(path);
  const overrides = overridesFor(notebook, options);
  signal?.throwIfAborted();

  const cells = runnableCells(notebook);
  const displayIds = new DisplayIds();
  const collectors = new Map<CodeCell, OutputCollector>();
  for (const cell of notebook.cells) {
    if (cell.cell_type === "code") collectors.set(cell, new OutputCollector(cell, displayIds));
  }

  let failure: unknown;
  try {
    await using kernel = await DenoKernel.start({
      cwd: folderOf(path),
      env: { [PARAMETERS_VARIABLE]: encodeOverrides(overrides) },
      onLog: (text) => onEvent({ type: "log", text }),
      signal,
    });
    for (const { cell, place } of cells) {
      await runCell({ kernel, cell, place, collector: collectors.get(cell)!, options, onEvent });
    }
  } catch (error) {
    failure = error;
  }
  // The kernel is gone, so no output can come any more.
  const succeeded = failure === undefined;
  if (output !== undefined && (succeeded || !await isSameFile(output, path))) {
    try {
      await writeNotebook(output, notebook);
    } catch (error) {
      if (succeeded) throw error;
      onEvent({
        type: "log",
        text: `${output} could not be written: ${error instanceof Error ? error.message : error}\n`,
      });
    }
  }
  if (!succeeded) throw failure;
  return notebook;
}

async function runCell(run: {
  kernel: DenoKernel;
  cell: CodeCell;
  place: CellPlace;
  collector: OutputCollector;
  options: RunOptions;
  onEvent: (event: RunEvent) => void;
}): Promise<void> {
  const { kernel, cell, place, collector, options, onEvent } = run;
  onEvent({ type: "cellStarted", cell: place });
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let errorPublished = false;
  const onMessage = (message: Published) => {
    collector.add(message);
    errorPublished ||= message.type === "error";
    const event = eventOf(message, place);
    if (event !== undefined) onEvent(event);
  };
  try {
    const reply = await withinLimits(kernel, kernel.execute(cell.source, onMessage), place, options);
    if (reply.status !== "ok") {
      const error = await cellError(reply, place, cell.source);
      if (!errorPublished) {
        const { ename, evalue, traceback } = error;
        collector.add({ type: "error", content: { ename, evalue, traceback: [...traceback] } });
      }
      throw error;
    }
    onEvent({ type: "cellFinished", cell: place, seconds: seconds() });
  } catch (error) {
    onEvent({
      type: "cellFailed",
      cell: place,
      seconds: seconds(),
      error: error instanceof Error ? error : new Error(String(error)),
    });
    throw error;
  }
}

/** The reply, unless the time is up or the signal aborts; then the kernel is stopped first. */
async function withinLimits(
  kernel: DenoKernel,
  reply: Promise<ExecuteReply>,
  place: CellPlace,
  { cellTimeout, signal }: RunOptions,
): Promise<ExecuteReply> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const timer = cellTimeout === undefined
    ? undefined
    : setTimeout(() => stopped.reject(new CellTimeoutError(place, cellTimeout)), cellTimeout * 1000);
  // When the kernel is stopped the reply fails too; what is thrown is the reason for stopping.
  reply.catch(() => {});
  stopped.promise.catch(() => {});
  try {
    return await Promise.race([reply, stopped.promise]);
  } catch (error) {
    if (error instanceof CellTimeoutError) {
      await kernel.interrupt().catch(() => {});
      await settledWithin(reply, INTERRUPT_MILLISECONDS);
    }
    await kernel.stop();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function cellError(reply: ExecuteReply, place: CellPlace, source: string): Promise<CellError> {
  if (reply.status !== "error") return new CellError(place, "Error", "the kernel broke off the cell", []);
  const { ename, evalue, traceback } = reply;
  if (evalue === "Execution failed" && traceback.length === 0) {
    const syntaxError = await syntaxErrorOf(source);
    if (syntaxError !== undefined) return new CellError(place, "SyntaxError", syntaxError, []);
  }
  return new CellError(place, ename, evalue, traceback);
}

function eventOf(message: Published, cell: CellPlace): RunEvent | undefined {
  switch (message.type) {
    case "stream":
      return { type: "stream", cell, name: message.content.name, text: message.content.text };
    case "display_data":
    case "execute_result":
    case "update_display_data": {
      const text = message.content.data["text/plain"];
      if (typeof text !== "string") return undefined;
      const id = message.content.transient?.display_id ?? undefined;
      return { type: "display", cell, text, id, update: message.type === "update_display_data" };
    }
  }
}

/** @throws TypeError when values are given that no cell would read */
function overridesFor(notebook: Notebook, { path, parameters = {}, size }: RunOptions): Overrides {
  const overrides = { size, set: parameters };
  const asked = size !== undefined || Object.keys(parameters).length > 0;
  const takesThem = notebook.cells.some((cell) => cell.metadata.tags?.includes("parameters"));
  if (asked && !takesThem) {
    throw new TypeError(`${path} has no cell tagged "parameters", so a size or parameters would change nothing`);
  }
  return overrides;
}

function runnableCells(notebook: Notebook): { cell: CodeCell; place: CellPlace }[] {
  const found = notebook.cells.flatMap((cell, index) =>
    cell.cell_type === "code" && cell.source.trim() !== "" ? [{ cell, index }] : []
  );
  return found.map(({ cell, index }, i) => ({
    cell,
    place: { index, number: i + 1, total: found.length, firstLine: firstLineOf(cell.source) },
  }));
}

function firstLineOf(source: string): string {
  const line = source.split("\n").map((line) => line.trim()).find((line) => line !== "") ?? "";
  return line.length <= 80 ? line : line.slice(0, 79) + "…";
}

function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, end + 1);
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [realA, realB] = await Promise.all([a, b].map((path) => Deno.realPath(path).catch(() => path)));
  return realA === realB;
}

async function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const id = setTimeout(timer.resolve, milliseconds);
  await Promise.race([promise.catch(() => {}), timer.promise]);
  clearTimeout(id);
}
