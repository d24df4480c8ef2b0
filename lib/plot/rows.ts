/**
 * What a trainer yields at a step: `step` and metrics under TRL's names (`loss`, `reward`, `rewards/NAME/mean`, ...).
 * A metric that is null, NaN or infinite leaves a gap.
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

/** Finite, and small enough that sums and the room around an axis stay finite too. */
export function isDrawable(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 1e300;
}
