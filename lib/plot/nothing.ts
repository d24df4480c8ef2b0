import { type Along, canPlace, sourceOf } from "./points.ts";
import { isDrawable, type MetricRows, runsOf } from "./rows.ts";

/** What an empty chart says, so that a wrong metric name is told from a run that has not begun. */
export function nothingToDraw(data: MetricRows, metric: string, along: Along = "step"): string {
  const rows = runsOf(data).flatMap((run) => run.rows);
  if (rows.length === 0) return "no data yet";
  if (!rows.some((row) => isDrawable(row.step))) return "no data: the rows have no numeric step";
  if (!canPlace(data, along)) return `no data: the rows have no ${sourceOf(along)}, which the horizontal axis needs`;
  return `no data yet for ${metric}`;
}
