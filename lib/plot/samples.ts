import { isDrawable, type StepRow } from "./rows.ts";

/** All values that were drawn in a stretch of neighbouring steps. */
export interface Stretch {
  /** First and last step of the stretch. */
  from: number;
  to: number;
  /** Sorted from low to high, at least one. */
  values: number[];
}

/**
 * Values of a metric of which a step has many, such as the advantages of its completions: from rows of one completion
 * each, or from rows whose value is an array. Missing, NaN and infinite values are left out.
 */
export function samplesByStep(rows: readonly StepRow[], metric: string): Map<number, number[]> {
  const byStep = new Map<number, number[]>();
  for (const row of rows) {
    const { step } = row;
    const value = row[metric];
    if (!isDrawable(step) || value === undefined) continue;
    for (const each of isSeries(value) ? value : [value]) {
      if (!isDrawable(each)) continue;
      const values = byStep.get(step);
      if (values) values.push(each);
      else byStep.set(step, [each]);
    }
  }
  return byStep;
}

/** Joins neighbouring steps into at most `count` stretches that span equally many steps; empty ones are left out. */
export function joinSteps(byStep: ReadonlyMap<number, readonly number[]>, count: number): Stretch[] {
  const steps = [...byStep.keys()].sort((a, b) => a - b);
  if (steps.length === 0) return [];
  const first = steps[0];
  const width = Math.max(1, Math.ceil((steps[steps.length - 1] - first + 1) / count));
  const stretches: (Stretch & { index: number })[] = [];
  for (const step of steps) {
    const index = Math.floor((step - first) / width);
    const last = stretches[stretches.length - 1];
    if (last?.index === index) {
      last.to = step;
      for (const value of byStep.get(step)!) last.values.push(value);
    } else stretches.push({ index, from: step, to: step, values: [...byStep.get(step)!] });
  }
  return stretches.map(({ from, to, values }) => ({ from, to, values: values.sort((a, b) => a - b) }));
}

function isSeries(value: unknown): value is Iterable<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
