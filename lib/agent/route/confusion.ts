/** How routings differ from labels. */
import { type ShareInterval, shareInterval } from "./share_interval.ts";

/** What "no route" is called in tables. */
export const NONE = "none";

/** Counts of questions by their right route and the route that they were sent to, and what follows from them. */
export interface ConfusionMatrix {
  /** The routes in their order, then `NONE`. */
  labels: string[];
  /** [expected][predicted] */
  counts: number[][];
  /** The share of questions that were sent rightly. */
  accuracy: number;
  /** The accuracy's, at 95 %: what it may be on other questions of the same kind. */
  interval: ShareInterval;
  /** By label; null where it divides by nothing: no question was sent there, or none belongs there. */
  byLabel: Record<string, { precision: number | null; recall: number | null; f1: number | null }>;
  /** The mean F1 of the labels that occur. */
  macroF1: number;
}

/**
 * Counts routings.
 *
 * @param routes Names of all routes, in the order of the table.
 * @param predictions Null stands for no route.
 * @throws When there are no predictions, or one names an unknown route.
 */
export function confusion(
  routes: readonly string[],
  predictions: readonly { expected: string | null; predicted: string | null }[],
): ConfusionMatrix {
  if (predictions.length === 0) throw new Error("confusion: there are no predictions");
  const labels = [...routes, NONE];
  const counts = labels.map(() => labels.map(() => 0));
  const indexOf = (route: string | null) => {
    const index = labels.indexOf(route ?? NONE);
    if (index < 0) throw new Error(`there is no route '${route}'; expected ${labels.join(", ")}`);
    return index;
  };
  for (const { expected, predicted } of predictions) counts[indexOf(expected)][indexOf(predicted)]++;
  const byLabel = Object.fromEntries(labels.map((label, at) => {
    const [right, sent, own] = [counts[at][at], sum(counts.map((row) => row[at])), sum(counts[at])];
    const share = (all: number) => all === 0 ? null : right / all;
    return [label, {
      precision: share(sent),
      recall: share(own),
      f1: sent + own === 0 ? null : 2 * right / (sent + own),
    }];
  }));
  const right = sum(labels.map((_, at) => counts[at][at]));
  const f1s = Object.values(byLabel).flatMap(({ f1 }) => f1 === null ? [] : [f1]);
  return {
    labels,
    counts,
    accuracy: right / predictions.length,
    interval: shareInterval(right, predictions.length),
    byLabel,
    macroF1: sum(f1s) / f1s.length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
