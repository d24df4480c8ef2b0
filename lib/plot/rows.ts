import type { Point } from "./smooth.ts";

/**
 * What a trainer yields at a step: `step` and metrics under TRL's names (`loss`, `reward`, `rewards/NAME/mean`, ...).
 * Metrics that are missing, null, NaN or infinite are skipped where they stand.
 */
export type StepRow = Readonly<Record<string, unknown>>;

/** Rows of one run, or of several named runs to be drawn over each other. */
export type MetricRows = readonly StepRow[] | { readonly runs: Readonly<Record<string, readonly StepRow[]>> };

/** A named run; a single run has the name "". */
export interface Run {
  name: string;
  rows: readonly StepRow[];
}

/** The runs in the order given. */
export function runsOf(data: MetricRows): Run[] {
  if ("runs" in data) return Object.entries(data.runs).map(([name, rows]) => ({ name, rows }));
  return [{ name: "", rows: data }];
}

/** True when several runs were given by name, even if there is only one in them. */
export function isComparison(data: MetricRows): boolean {
  return "runs" in data;
}

/**
 * A metric over steps, sorted by step. Where a step appears twice, as after a resume from a checkpoint, the later row
 * counts. Rows without a finite `step` are skipped.
 */
export function metricPoints(rows: readonly StepRow[], metric: string): Point[] {
  const byStep = new Map<number, number>();
  let sorted = true;
  let previous = -Infinity;
  for (const row of rows) {
    const { step } = row;
    const value = row[metric];
    if (!isDrawable(step) || !isDrawable(value)) continue;
    if (step <= previous) sorted = false;
    previous = step;
    byStep.set(step, value);
  }
  const points = [...byStep].map(([step, value]) => ({ step, value }));
  return sorted ? points : points.sort((a, b) => a.step - b.step);
}

/** Names of the reward functions that the rows log as `rewards/NAME/mean`, in order of first appearance. */
export function rewardNames(rows: readonly StepRow[]): string[] {
  const names = new Set<string>();
  for (const row of rows) {
    for (const key of Object.keys(row)) {
      const name = /^rewards\/(.+)\/mean$/.exec(key)?.[1];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names];
}

/** True when some row of some run has a finite value of the metric. */
export function hasMetric(data: MetricRows, metric: string): boolean {
  return runsOf(data).some(({ rows }) => rows.some((row) => isDrawable(row[metric]) && isDrawable(row.step)));
}

/** What an empty chart says, so that a wrong metric name is told from a run that has not begun. */
export function nothingToDraw(data: MetricRows, metric: string): string {
  const rows = runsOf(data).flatMap((run) => run.rows);
  if (rows.length === 0) return "no data yet";
  if (!rows.some((row) => isDrawable(row.step))) return "no data: the rows have no numeric step";
  return `no data yet for ${metric}`;
}

/** Finite, and small enough that sums and the room around an axis stay finite too. */
export function isDrawable(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 1e300;
}
