import { isDrawable, type MetricRows, runsOf, type StepRow } from "./rows.ts";

/** What the horizontal axis counts: optimizer steps, tokens seen, wall time, or epochs. */
export type Along = "step" | "tokens" | "time" | "epoch";

/** A value of a metric at a place on the horizontal axis. */
export interface Point {
  /** Steps, tokens, seconds or epochs. */
  x: number;
  value: number;
  /** Number of the unbroken stretch this point is in, counted from 0: a line is not drawn from one to the next. */
  stretch: number;
}

/** The metric that each kind of axis reads; wall time adds up the seconds of the steps. */
const SOURCES: Record<Exclude<Along, "step">, string> = { tokens: "num_tokens", time: "step_time", epoch: "epoch" };
/** A hole this many times as long as the distances around it is a gap although nothing in it says so. */
const SILENT_GAP = 4;
/** A hole in which NaN or null was logged is a gap unless the metric is only logged that rarely. */
const SPOKEN_GAP = 1.5;
/** Distances looked at on each side of a hole. */
const NEIGHBOURS = 3;

/**
 * A metric along the horizontal axis, sorted. Where a step appears twice, as after a resume from a checkpoint, the later
 * row counts. Rows without a finite `step` are skipped. NaN, null and infinite values break the line, and so does a
 * stretch of rows that are missing; a metric that is logged at every twentieth step only, such as `eval_loss`, is one
 * line.
 *
 * ```ts
 * metricPoints([{ step: 1, loss: 3 }, { step: 2, loss: 2 }], "loss");
 * // [{ x: 1, value: 3, stretch: 0 }, { x: 2, value: 2, stretch: 0 }]
 * ```
 */
export function metricPoints(rows: readonly StepRow[], metric: string, along: Along = "step"): Point[] {
  const { values, holes } = valuesByStep(rows, metric);
  const points = numberStretches(values, holes);
  if (along === "step") return points;
  const place = placesAlong(rows, along);
  return points.flatMap(({ x: step, ...rest }) => {
    const x = place(step);
    return x === undefined ? [] : [{ x, ...rest }];
  }).sort((a, b) => a.x - b.x);
}

/** True when the rows say where a step is on such an axis. */
export function canPlace(data: MetricRows, along: Along): boolean {
  if (along === "step") return true;
  return runsOf(data).some(({ rows }) => rows.some((row) => isDrawable(row[SOURCES[along]])));
}

/** The metric in the rows that a kind of axis reads. */
export function sourceOf(along: Along): string {
  return along === "step" ? "step" : SOURCES[along];
}

/** Values sorted by step, and the steps at which something was logged that is no number. */
function valuesByStep(
  rows: readonly StepRow[],
  metric: string,
): { values: { x: number; value: number }[]; holes: number[] } {
  const byStep = new Map<number, number>();
  let sorted = true;
  let previous = -Infinity;
  for (const row of rows) {
    const { step } = row;
    const value = row[metric];
    if (!isDrawable(step) || value === undefined) continue;
    if (step <= previous) sorted = false;
    previous = step;
    byStep.set(step, isDrawable(value) ? value : NaN);
  }
  const all = [...byStep].map(([x, value]) => ({ x, value }));
  if (!sorted) all.sort((a, b) => a.x - b.x);
  return {
    values: all.filter(({ value }) => !Number.isNaN(value)),
    holes: all.filter(({ value }) => Number.isNaN(value)).map(({ x }) => x),
  };
}

function numberStretches(values: readonly { x: number; value: number }[], holes: readonly number[]): Point[] {
  const distances = values.slice(1).map(({ x }, i) => x - values[i].x);
  let stretch = 0;
  let hole = 0;
  return values.map(({ x, value }, i) => {
    while (hole < holes.length && i > 0 && holes[hole] < values[i - 1].x) hole++;
    const isSpoken = hole < holes.length && holes[hole] < x;
    if (i > 0 && isGap(distances, i - 1, isSpoken)) stretch++;
    return { x, value, stretch };
  });
}

/** Whether a distance is much longer than those before it and those after it. */
function isGap(distances: readonly number[], index: number, isSpoken: boolean): boolean {
  const before = middle(distances.slice(Math.max(0, index - NEIGHBOURS), index));
  const after = middle(distances.slice(index + 1, index + 1 + NEIGHBOURS));
  if (isSpoken) return distances[index] >= SPOKEN_GAP * Math.max(before ?? after ?? Infinity, after ?? 0);
  // A first row and one more, far away, may simply be how often the run logs; both sides must say otherwise.
  return distances[index] >= SILENT_GAP * Math.max(before ?? Infinity, after ?? Infinity);
}

function middle(distances: readonly number[]): number | undefined {
  return [...distances].sort((a, b) => a - b)[(distances.length - 1) >> 1];
}

/** Where a step is on the axis: as the last row up to it says, undefined before the first that says anything. */
function placesAlong(rows: readonly StepRow[], along: Exclude<Along, "step">): (step: number) => number | undefined {
  let seconds = 0;
  const known = valuesByStep(rows, SOURCES[along]).values
    .map(({ x, value }) => ({ step: x, at: along === "time" ? seconds += Math.max(0, value) : value }));
  let next = 0;
  return (step) => {
    // Steps are asked for in order; start over when they are not.
    if (next > 0 && known[next - 1].step > step) next = 0;
    while (next < known.length && known[next].step <= step) next++;
    return next === 0 ? undefined : known[next - 1].at;
  };
}
