/** The folder of one run, `outputs/NAME-001`: what went in, what was measured, and what came out. */
import { z } from "zod";
import { cutJsonl, denoFileSystem, type FileSystem, namingDiskFull, writeFileAtomic } from "../../files/mod.ts";
import { hubIdOf } from "../../models/mod.ts";
import type { Rollout } from "../rollout/mod.ts";
import type { Metrics, TrainingStep } from "../step.ts";
import { renderCard, type RunCard } from "./model_card.ts";
import { METRICS_FILE } from "./read_metrics.ts";
import { completionRow, COMPLETIONS_FILE, NOTES_FILE, RunLogs } from "./run_logs.ts";
import { checkRunName, nextRunFolder, PARAMETERS_FILE } from "./run_names.ts";

/**
 * An open run. Every file is whole at any moment: rows are appended, other files are renamed into place. What was logged
 * is with the operating system when the call returns, and on the disk when the run is closed.
 */
export interface RunFolder {
  /** The folder's path. */
  readonly path: string;
  /**
   * Logs a trainer's step: its metrics, its notes and, where the step has rollouts that the step before had not, the
   * completions. One call a step is all that a run needs.
   *
   * @throws {DiskFullError} naming the file
   */
  log(step: TrainingStep & { rollouts?: readonly Rollout[] }): Promise<void>;
  /** Appends a line to metrics.jsonl and shows it in TensorBoard. */
  logMetrics(step: number, metrics: Metrics): Promise<void>;
  /** Appends completions to completions.jsonl and shows their lengths and advantages as histograms in TensorBoard. */
  logCompletions(step: number, rollouts: readonly Rollout[]): Promise<void>;
  /** Writes a text or binary file into the folder. */
  write(name: string, data: string | Uint8Array): Promise<void>;
  /** Writes README.md, the model card. */
  writeCard(card: RunCard): Promise<void>;
  /** Flushes the logs to disk and closes them. */
  close(): Promise<void>;
}

/** Where runs live. */
export interface CreateRunOptions {
  /** Default `outputs`. */
  outputs?: string;
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
}

/**
 * Makes the folder of a new run with the next free number and writes its parameters.json. Logged steps go to
 * metrics.jsonl, notes.jsonl, completions.jsonl, and for TensorBoard to `runs/`: `tensorboard --logdir outputs`.
 *
 * @example
 * ```ts ignore
 * const run = await createRun("sft", { learningRate: 2e-4, maxSteps: 60 });
 * for await (const step of sft({ ...options, outputDir: run.path })) await run.log(step);
 * await run.close();
 * ```
 */
export async function createRun(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  options: CreateRunOptions = {},
): Promise<RunFolder> {
  checkRunName(name);
  const { outputs = "outputs", fileSystem = denoFileSystem } = options;
  const path = await namingDiskFull(`${outputs}/${name}-...`, () => nextRunFolder(outputs, name, fileSystem));
  try {
    await writeParameters(path, parameters, fileSystem);
  } catch (error) {
    await fileSystem.remove(path).catch(() => {});
    throw error;
  }
  return openRun(path, new RunLogs(path, { fileSystem, purgeStep: 0 }), fileSystem);
}

/** Where a run goes on. */
export interface ContinueRunOptions {
  /** The last step that counts: that of the checkpoint which the trainer resumes from, 0 to begin again. */
  step: number;
  /** What it goes on with, if anything has changed: parameters.json is replaced, and a note says what it was. */
  parameters?: Readonly<Record<string, unknown>>;
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
}

/**
 * Opens the folder of a run that ended before its time, to go on after `step`. Rows of later steps, and a last line that a
 * crash cut off, are removed from its logs and hidden in TensorBoard, so that the logs become those of a run that was
 * never interrupted. May itself be interrupted and called again.
 *
 * @example
 * ```ts ignore
 * const path = await newestRun("sft");
 * const checkpoint = path === null ? null : await findCheckpoint(path);
 * const run = path !== null && checkpoint !== null
 *   ? await continueRun(path, { step: checkpoint.step })
 *   : await createRun("sft", parameters);
 * for await (const step of sft({ ...options, outputDir: run.path, resumeFromCheckpoint: true })) await run.log(step);
 * ```
 * @throws When there is no run at `path`, or a row of its logs is damaged; the message names the file.
 */
export async function continueRun(path: string, options: ContinueRunOptions): Promise<RunFolder> {
  const { step, parameters, fileSystem = denoFileSystem } = options;
  if (!Number.isInteger(step) || step < 0) {
    throw new RangeError(`step: expected a whole number from 0, got ${step}`);
  }
  const old = await readParameters(path);
  let lastLogged = 0;
  const notesOfStep = new Set<unknown>();
  let lastBatch: StepRow[] = [];
  const cut = (file: string, keep: (row: StepRow) => void) =>
    cutJsonl(`${path}/${file}`, stepRow, (row) => row.step <= step && (keep(row), true), { fileSystem });
  await cut(METRICS_FILE, (row) => lastLogged = row.step);
  await cut(NOTES_FILE, (row) => row.step === step && notesOfStep.add(row.note));
  await cut(COMPLETIONS_FILE, (row) => {
    if (lastBatch[0]?.step !== row.step) lastBatch = [];
    lastBatch.push(row);
  });

  const notes = parameters ? changes(old, parameters) : [];
  // After a power cut the logs may end before the checkpoint does, which was flushed to disk.
  if (lastLogged < step) notes.push(`${METRICS_FILE} ends at step ${lastLogged}, the run goes on after step ${step}`);
  const logs = new RunLogs(path, { fileSystem, purgeStep: step + 1 });
  try {
    await logs.notes(step, notes.filter((note) => !notesOfStep.has(note)));
    if (parameters) await writeParameters(path, parameters, fileSystem);
  } catch (error) {
    await logs.close().catch(() => {});
    throw error;
  }
  return openRun(path, logs, fileSystem, batchKey(lastBatch.map(({ step: _, ...row }) => row)));
}

type StepRow = { step: number } & Record<string, unknown>;

const stepRow = z.custom<StepRow>(
  (row) => typeof row === "object" && row !== null && "step" in row && Number.isInteger(row.step),
  "expected an object with a whole number `step`",
);

const parametersSchema = z.record(z.string(), z.unknown());

async function readParameters(path: string): Promise<Record<string, unknown>> {
  const file = `${path}/${PARAMETERS_FILE}`;
  try {
    return parametersSchema.parse(JSON.parse(await Deno.readTextFile(file)));
  } catch (cause) {
    const problem = cause instanceof Deno.errors.NotFound ? "there is no such file" : "it is not a JSON object";
    throw new Error(`${file}: ${problem}; expected the folder of a run, as createRun makes it`, { cause });
  }
}

async function writeParameters(
  path: string,
  parameters: Readonly<Record<string, unknown>>,
  fileSystem: FileSystem,
): Promise<void> {
  await writeFileAtomic(`${path}/${PARAMETERS_FILE}`, JSON.stringify(parameters, null, 2) + "\n", { fileSystem });
}

/** A line for each parameter that is not what it was. */
function changes(old: Readonly<Record<string, unknown>>, current: Readonly<Record<string, unknown>>): string[] {
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  return [...new Set([...Object.keys(old), ...Object.keys(current)])]
    .filter((name) => text(old[name]) !== text(current[name]))
    .map((name) => `parameter ${name} was ${text(old[name])} and is ${text(current[name])}`);
}

/** Says whether two batches of completions are the same. */
function batchKey(rows: readonly object[]): string {
  return JSON.stringify(rows);
}

/** @param resumedBatch The last completions in the log of a run that goes on. */
function openRun(path: string, logs: RunLogs, fileSystem: FileSystem, resumedBatch?: string): RunFolder {
  let lastRollouts: readonly Rollout[] | undefined;
  const isNew = (rollouts: readonly Rollout[]) =>
    lastRollouts ? rollouts !== lastRollouts : batchKey(rollouts.map(completionRow)) !== resumedBatch;
  return {
    path,
    async log({ step, metrics, notes = [], rollouts }) {
      await logs.metrics(step, metrics);
      await logs.notes(step, notes);
      // Several updates may learn from the same rollouts: they are logged with the first one.
      if (rollouts && isNew(rollouts)) await logs.completions(step, rollouts);
      lastRollouts = rollouts;
    },
    logMetrics: (step, metrics) => logs.metrics(step, metrics),
    logCompletions: (step, rollouts) => logs.completions(step, rollouts),
    write: (file, data) => writeFileAtomic(`${path}/${file}`, data, { fileSystem }),
    writeCard: async (card) => {
      const text = renderCard(card, await hubIdOf(card.baseModel));
      await writeFileAtomic(`${path}/README.md`, text, { fileSystem });
    },
    close: () => logs.close(),
  };
}
