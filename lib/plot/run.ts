import { z } from "zod";
import { readJsonl } from "../files/mod.ts";
import type { StepRow } from "./rows.ts";

/** What a run left in its folder, as charts take it. */
export interface RunRows {
  /** Name of the folder. */
  name: string;
  /** Rows of metrics.jsonl: one a step. */
  rows: StepRow[];
  /** Rows of completions.jsonl: one a completion, with `step`, `reward`, `advantage`; empty where there is none. */
  completions: StepRow[];
}

/** A step, and under any other name a metric: a number, or null where it was NaN. Other values are kept as they are. */
const stepRow = z.looseObject({
  step: z.number({ error: "expected a number that counts steps" }).nonnegative("expected a step of at least 0"),
});

/**
 * Reads what charts need from the folder of a run: metrics.jsonl and, where there is one, completions.jsonl. A last line
 * that a crash cut off is left out.
 *
 * ```ts
 * const { rows } = await readRun("outputs/01-grpo-gsm8k-001");
 * grpoDashboard(rows);
 * ```
 *
 * @throws {Deno.errors.NotFound} when the folder has no metrics.jsonl; the message names it
 * @throws {JsonlError} when a row is not JSON or has no `step`; the message names file and line
 */
export async function readRun(folder: string): Promise<RunRows> {
  const path = folder.replace(/\/+$/, "");
  const rows = await readRows(`${path}/metrics.jsonl`);
  if (rows === undefined) {
    throw new Deno.errors.NotFound(
      `${path} has no metrics.jsonl. Expected the folder of a run, such as outputs/NAME-001.`,
    );
  }
  return { name: path.split("/").pop()!, rows, completions: await readRows(`${path}/completions.jsonl`) ?? [] };
}

/**
 * Reads several runs to be drawn over each other, under names of your own or those of their folders.
 *
 * ```ts
 * lossCurve(await readRuns({ "rank 8": "outputs/sft-001", "rank 64": "outputs/sft-002" }), { along: "time" });
 * ```
 *
 * @throws what {@link readRun} throws
 */
export async function readRuns(
  folders: readonly string[] | Readonly<Record<string, string>>,
): Promise<{ runs: Record<string, StepRow[]> }> {
  const entries = Array.isArray(folders)
    ? (folders as readonly string[]).map((folder): [undefined, string] => [undefined, folder])
    : Object.entries(folders as Readonly<Record<string, string>>);
  const runs: Record<string, StepRow[]> = {};
  for (const [given, folder] of entries) {
    const { name, rows } = await readRun(folder);
    // Two folders of one name, such as a/run-001 and b/run-001, are told apart by their paths.
    runs[given ?? (name in runs ? folder : name)] = rows;
  }
  return { runs };
}

async function readRows(path: string): Promise<StepRow[] | undefined> {
  try {
    return (await readJsonl(path, stepRow)).rows;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
