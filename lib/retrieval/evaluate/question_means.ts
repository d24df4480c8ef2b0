/** Means over questions, of all and of each kind. */
import { type MeanInterval, meanInterval, type MeanIntervalOptions } from "./mean_interval.ts";

/** What is known of one question. */
interface MeasuredQuestion {
  kind: string;
  /** Not all questions have all metrics. */
  metrics: Readonly<Record<string, number>>;
}

/** Means by metric, and by kind and metric, in the order in which they first occur. */
export function questionMeans(
  rows: readonly MeasuredQuestion[],
  options: MeanIntervalOptions,
): { means: Record<string, MeanInterval>; byKind: Record<string, Record<string, MeanInterval>> } {
  const groups = Map.groupBy(rows, ({ kind }) => kind);
  return {
    means: meansOf(rows, options),
    byKind: Object.fromEntries(Array.from(groups, ([kind, rows]) => [kind, meansOf(rows, options)])),
  };
}

function meansOf(rows: readonly MeasuredQuestion[], options: MeanIntervalOptions): Record<string, MeanInterval> {
  const names = new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)));
  return Object.fromEntries(Array.from(names, (name) => {
    const values = rows.flatMap(({ metrics }) => name in metrics ? [metrics[name]] : []);
    return [name, meanInterval(values, options)];
  }));
}
