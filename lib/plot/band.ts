import type { BandEdge } from "./line.ts";
import { type Along, metricPoints } from "./points.ts";
import type { StepRow } from "./rows.ts";

/** Mean minus and plus one standard deviation, where the rows log both. */
export function deviationBand(
  rows: readonly StepRow[],
  meanMetric: string,
  deviationMetric: string,
  along?: Along,
): BandEdge[] {
  const deviations = valuesAt(rows, deviationMetric, along);
  return metricPoints(rows, meanMetric, along).flatMap(({ x, value, stretch }) => {
    const deviation = deviations.get(x);
    return deviation === undefined ? [] : [{ x, stretch, low: value - deviation, high: value + deviation }];
  });
}

/** From the one metric to the other, where the rows log both. */
export function rangeBand(
  rows: readonly StepRow[],
  lowMetric: string,
  highMetric: string,
  along?: Along,
): BandEdge[] {
  const highs = valuesAt(rows, highMetric, along);
  return metricPoints(rows, lowMetric, along).flatMap(({ x, value, stretch }) => {
    const high = highs.get(x);
    return high === undefined ? [] : [{ x, stretch, low: value, high }];
  });
}

function valuesAt(rows: readonly StepRow[], metric: string, along?: Along): Map<number, number> {
  return new Map(metricPoints(rows, metric, along).map(({ x, value }) => [x, value]));
}
