import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chosenRejectedCurve,
  type CurveOptions,
  distributionOverSteps,
  dpoDashboard,
  grpoDashboard,
  histogram,
  lengthCurve,
  lossCurve,
  metricCurve,
  type MetricRows,
  metricsCurve,
  ppoDashboard,
  rewardCurve,
  rewardParts,
  ridgeline,
  type StepRow,
  type SvgString,
} from "../../lib/plot/mod.ts";
import { svgSize } from "../../lib/plot/svg.ts";
import { completionRows, dpoRows, grpoRows, ppoRows, sftRows } from "./example_runs.ts";
import { overlaps, textBoxes } from "./text_boxes.ts";

function assertLayout(svg: SvgString, name: string): void {
  const { width, height } = svgSize(svg);
  const boxes = textBoxes(svg);
  const outside = boxes.filter((box) =>
    box.left < -0.5 || box.right > width + 0.5 || box.top < 0 || box.bottom > height
  );
  assert.deepEqual(outside, [], `${name}: outside of ${width} by ${height}`);
  assert.deepEqual(overlaps(boxes), [], name);
}

const size = fc.record({ width: fc.integer({ min: 300, max: 1100 }), height: fc.integer({ min: 240, max: 700 }) });
const runName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
  fc.constantFrom("seed 1", "Qwen2.5-0.5B-Instruct, LoRA rank 64, lr 1e-4", "β=0.04", "日本語の実行", "x".repeat(200)),
);
const draws: Record<string, [draw: (data: MetricRows, options: CurveOptions) => SvgString, rows: typeof grpoRows]> = {
  lossCurve: [lossCurve, sftRows],
  rewardCurve: [rewardCurve, grpoRows],
  lengthCurve: [lengthCurve, grpoRows],
  chosenRejectedCurve: [chosenRejectedCurve, dpoRows],
  metricsCurve: [
    (data, options) =>
      metricsCurve(data, { policy: "policy/clipfrac_avg", value: "val/clipfrac_avg" }, {
        title: "Clipped",
        yLabel: "share of tokens",
        ...options,
      }),
    ppoRows,
  ],
  metricCurve: [(data, options) => metricCurve(data, "kl", options), grpoRows],
};

Deno.test("curves keep all text inside and apart, at any size, for any number of runs and names", () => {
  const options = fc.tuple(
    size,
    fc.constantFrom<CurveOptions["along"]>("step", "tokens", "time", "epoch"),
    fc.constantFrom<CurveOptions["yScale"]>("linear", "log"),
    fc.constantFrom<CurveOptions["legend"]>(true, false, "above"),
    fc.constantFrom(undefined, "Title", "A title that is much longer than any chart is wide ".repeat(3)),
    fc.constantFrom(undefined, "A subtitle of several words that may well take two lines of the chart, or even more"),
  );
  const steps = fc.constantFrom(1, 2, 30, 90);
  const names = fc.uniqueArray(runName, { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(draws)), options, steps, names, fc.boolean(), (
      name,
      [
        dimensions,
        along,
        yScale,
        legend,
        title,
        subtitle,
      ],
      count,
      runs,
      single,
    ) => {
      const [draw, rowsOf] = draws[name];
      const data: MetricRows = single
        ? rowsOf(count)
        : { runs: Object.fromEntries(runs.map((run, i) => [run, rowsOf(count, i + 1)])) };
      assertLayout(draw(data, { ...dimensions, along, yScale, legend, title, subtitle }), name);
    }),
    { numRuns: 200 },
  );
});

Deno.test("curves keep all text inside and apart, whatever the size of the numbers", () => {
  const exponent = fc.integer({ min: -40, max: 40 });
  fc.assert(
    fc.property(exponent, exponent, size, fc.boolean(), fc.integer({ min: 1, max: 12 }), (a, b, box, log, every) => {
      const rows: StepRow[] = grpoRows(60).map(({ step, kl }) => ({
        step: Number(step) * 10 ** every,
        kl: (Number(kl) - 0.02) * 10 ** (Number(step) % 2 ? a : b),
      }));
      assertLayout(metricCurve(rows, "kl", { ...box, yScale: log ? "log" : "linear" }), "metricCurve");
    }),
  );
});

Deno.test("distributions and dashboards keep all text inside and apart", () => {
  const rows = completionRows(60, 8);
  fc.assert(
    fc.property(size, fc.integer({ min: -8, max: 12 }), runName, (box, exponent, name) => {
      const scaled = rows.map(({ step, advantage }) => ({ step, [name]: Number(advantage) * 10 ** exponent }));
      assertLayout(distributionOverSteps(scaled, name, box), "distributionOverSteps");
      assertLayout(ridgeline(scaled, name, box), "ridgeline");
      assertLayout(histogram(scaled.map((row) => Number(row[name])), { ...box, xLabel: name }), "histogram");
    }),
    { numRuns: 60 },
  );
  for (const count of [0, 1, 2, 40]) {
    const runs = { runs: { a: grpoRows(count), b: grpoRows(count, 2) } };
    assertLayout(grpoDashboard(grpoRows(count)), `grpoDashboard of ${count}`);
    assertLayout(grpoDashboard(runs), `grpoDashboard of two runs of ${count}`);
    assertLayout(rewardParts(runs), `rewardParts of ${count}`);
    assertLayout(dpoDashboard(dpoRows(count)), `dpoDashboard of ${count}`);
    assertLayout(ppoDashboard(ppoRows(count)), `ppoDashboard of ${count}`);
  }
});
