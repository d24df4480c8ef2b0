import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chosenRejectedCurve,
  clipFractionCurve,
  dpoDashboard,
  entropyCurve,
  episodeKlCurve,
  gradNormCurve,
  grpoDashboard,
  klCurve,
  learningRateCurve,
  lengthCurve,
  lossCurve,
  marginCurve,
  metricCurve,
  type MetricRows,
  metricsCurve,
  policyEntropyCurve,
  ppoDashboard,
  preferenceAccuracyCurve,
  rewardCurve,
  rewardParts,
  scoreCurve,
  sftDashboard,
  type StepRow,
  theme,
  throughputCurve,
  tokenAccuracyCurve,
  toPng,
  valueLossCurve,
} from "../../lib/plot/mod.ts";
import { grpoRows, sftRows } from "./example_runs.ts";
import { assertDrawing, circles, texts } from "./drawing.ts";
import { anyText } from "../support/any_text.ts";

const charts: Record<string, (data: MetricRows, options?: { smoothing?: number }) => string> = {
  lossCurve,
  rewardCurve,
  lengthCurve,
  klCurve,
  entropyCurve,
  learningRateCurve,
  gradNormCurve,
  tokenAccuracyCurve,
  throughputCurve,
  chosenRejectedCurve,
  marginCurve,
  preferenceAccuracyCurve,
  metricCurve: (data, options) => metricCurve(data, "reward", options),
  rewardParts,
  scoreCurve,
  episodeKlCurve,
  policyEntropyCurve,
  valueLossCurve,
  clipFractionCurve,
  metricsCurve: (data, options) =>
    metricsCurve(data, { reward: "reward", entropy: "entropy" }, { title: "Both", yLabel: "nats", ...options }),
  dpoDashboard,
  grpoDashboard,
  ppoDashboard,
  sftDashboard,
};

const cases: Record<string, MetricRows> = {
  "no rows": [],
  "no runs": { runs: {} },
  "a run without rows": { runs: { empty: [] } },
  "one row": grpoRows(1),
  "two rows": grpoRows(2),
  "rows of another trainer": sftRows(50),
  "a constant series": grpoRows(50).map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, key === "step" ? value : 0.5]))
  ),
  "gaps": grpoRows(50).map((row, i) => i % 3 ? row : { ...row, reward: NaN, kl: null, entropy: undefined, loss: "x" }),
  "runs of different length": { runs: { short: grpoRows(3), long: grpoRows(90), "": [] } },
  "10,000 rows": grpoRows(10_000),
};

for (const [chart, draw] of Object.entries(charts)) {
  Deno.test(`${chart}() draws well-formed SVG, the same bytes each time, for every kind of rows`, () => {
    for (const [name, rows] of Object.entries(cases)) {
      const svg = draw(rows);
      assertDrawing(svg, `${chart}, ${name}`);
      assert.equal(draw(rows), svg, name);
      assert.ok(svg.length < 260_000, `${name}: ${svg.length} bytes`);
    }
  });

  Deno.test(`${chart}() says "no data yet" when there are no rows`, () => {
    assert.ok(texts(draw([])).includes("no data yet"));
  });
}

Deno.test("every chart survives rows of any numbers under any names", () => {
  const value = fc.oneof(fc.double(), fc.double({ min: -2, max: 2 }), fc.constantFrom(null, undefined, "1", 0, NaN));
  const metric = fc.oneof(
    fc.constantFrom("loss", "eval_loss", "reward", "reward_std", "kl", "completions/mean_length", "learning_rate"),
    anyText({ maxLength: 12 }).map((name) => `rewards/${name}/mean`),
  );
  const row = fc.tuple(fc.nat(300), fc.dictionary(metric, value)).map(([step, rest]): StepRow => ({ ...rest, step }));
  const runName = anyText({ maxLength: 20 });
  const rows = fc.oneof(
    fc.array(row, { maxLength: 60 }),
    fc.dictionary(runName, fc.array(row, { maxLength: 20 }), { maxKeys: 4 }).map((runs) => ({ runs })),
  );
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom(...Object.keys(charts)),
      (data, chart) => assertDrawing(charts[chart](data), chart),
    ),
    { numRuns: 150 },
  );
});

Deno.test("curves escape names with markup, quotes and unicode", () => {
  const name = `lr "1e-5" <b>&amp; β=0.04 日本`;
  const svg = klCurve({ runs: { [name]: grpoRows(5), other: grpoRows(5, 2) } }, {
    title: `<script>"x"</script> & 'y'`,
  });
  assertDrawing(svg, "escaping");
  assert.ok(!svg.includes("<b>") && !svg.includes("<script>"));
  assert.ok(texts(svg).includes(name));
  assert.ok(texts(svg).includes(`<script>"x"</script> & 'y'`));
});

Deno.test("curves draw another picture when a value changes", () => {
  const rows = grpoRows(30);
  const changed = rows.map((row) =>
    row.step === 7 ? { ...row, reward: 0, kl: 0.2, entropy: 0, grad_norm: 0, loss: 0 } : row
  );
  for (const chart of ["rewardCurve", "klCurve", "entropyCurve", "gradNormCurve", "lossCurve"]) {
    assert.notEqual(charts[chart](rows), charts[chart](changed), chart);
  }
});

Deno.test("curves name their axes", () => {
  const rows = grpoRows(30);
  const names: [string, string][] = [
    [lossCurve(rows), "loss"],
    [rewardCurve(rows), "mean over completions"],
    [lengthCurve(rows), "tokens, mean"],
    [klCurve(rows), "nats per token"],
    [learningRateCurve(rows), "learning rate"],
    [metricCurve(rows, "kl", { yLabel: "bits" }), "bits"],
  ];
  for (const [svg, name] of names) {
    assert.ok(texts(svg).includes(name), name);
    assert.ok(texts(svg).includes("step"), name);
  }
  assert.ok(texts(lossCurve(rows, { xLabel: "optimizer step" })).includes("optimizer step"));
});

Deno.test("lossCurve() marks held-out losses and names both", () => {
  const svg = lossCurve(sftRows(100));
  assert.deepEqual(texts(svg).filter((text) => text === "training" || text === "held-out"), ["training", "held-out"]);
  assert.equal(circles(svg, theme.strokes.markRadius).length, 5, "one for each evaluation");
  assert.ok(!texts(lossCurve(grpoRows(100))).includes("held-out"));
  assert.ok(!texts(lossCurve(sftRows(100), { legend: false })).includes("held-out"));
});

Deno.test("rewardCurve() shows each part of one run, and totals only for several", () => {
  const rows = grpoRows(40);
  const parts = ["correctness", "integer_answer", "strict_format"];
  assert.deepEqual(texts(rewardCurve(rows)).filter((text) => parts.includes(text)), parts);
  assert.deepEqual(texts(rewardCurve(rows, { parts: false })).filter((text) => parts.includes(text)), []);
  const compared = texts(rewardCurve({ runs: { "run a": rows, "run b": grpoRows(40, 2) } }));
  assert.deepEqual(compared.filter((text) => [...parts, "run a", "run b"].includes(text)), ["run a", "run b"]);
});

Deno.test("rewardCurve() without a total does not show a part's value as the reward", () => {
  const partsOnly = grpoRows(40).map(({ reward: _, ...row }) => row);
  assert.ok(texts(rewardCurve(grpoRows(40))).some((text) => text.startsWith("smoothed")));
  assert.ok(!texts(rewardCurve(partsOnly)).some((text) => text.startsWith("smoothed")));
});

Deno.test("learningRateCurve() keeps a restart of one step in 5,000", () => {
  const rows = (rate: number) =>
    grpoRows(5000).map((row) => ({ ...row, learning_rate: row.step === 3333 ? rate : 1e-5 }));
  assert.notEqual(learningRateCurve(rows(0)), learningRateCurve(rows(1e-5)));
});

Deno.test("rewardCurve() has a band where reward_std is logged", () => {
  const rows = grpoRows(40);
  const without = rows.map(({ reward_std: _, ...row }) => row);
  assert.ok(texts(rewardCurve(rows)).includes("± reward_std"));
  assert.ok(!texts(rewardCurve(without)).includes("± reward_std"));
});

Deno.test("lengthCurve() adds the strip of cut-off completions where the rows have it", () => {
  const rows = grpoRows(40);
  const without = rows.map(({ "completions/clipped_ratio": _, ...row }) => row);
  assert.ok(texts(lengthCurve(rows)).includes("cut off at the limit"));
  assert.ok(!texts(lengthCurve(without)).includes("cut off at the limit"));
});

Deno.test("curves count the spikes they cut off, and keep them out of the smoothed line", () => {
  const rows = grpoRows(200);
  const spiked = rows.map((row) => row.step === 150 ? { ...row, grad_norm: 1000 } : row);
  assert.ok(texts(gradNormCurve(spiked)).includes("1 above, up to 1,000"));
  const latest = (svg: string) => Number(texts(svg).find((text) => text.startsWith("smoothed"))!.slice(9));
  assert.ok(Math.abs(latest(gradNormCurve(spiked)) - latest(gradNormCurve(rows))) < 0.02);
});

Deno.test("curves take the axis that is asked for and refuse one that is none", () => {
  const rows = grpoRows(30);
  assert.ok(texts(klCurve(rows, { yDomain: [0, 10] })).includes("10"));
  assert.ok(texts(klCurve(rows, { totalSteps: 5000 })).includes("5,000"));
  assert.throws(() => klCurve(rows, { yDomain: [1, 0] }), /yDomain must be two finite numbers/);
  assert.throws(() => klCurve(rows, { smoothing: 2 }), /smoothing must be/);
});

Deno.test("grpoDashboard() gives the place of KL to the gradient norm when no kl is logged", () => {
  const withoutKl = grpoRows(20).map(({ kl: _, ...row }) => row);
  assert.ok(texts(grpoDashboard(grpoRows(20))).includes("KL from the reference"));
  assert.ok(!texts(grpoDashboard(withoutKl)).includes("KL from the reference"));
  assert.ok(texts(grpoDashboard(withoutKl)).includes("Gradient norm"));
});

Deno.test("grpoDashboard() of several runs names them once", () => {
  const names = texts(grpoDashboard({ runs: { "run a": grpoRows(20), "run b": grpoRows(20, 2) } }));
  assert.equal(names.filter((text) => text === "run a").length, 1);
});

Deno.test("sftDashboard() has token accuracy where it is logged", () => {
  assert.ok(texts(sftDashboard(sftRows(20))).includes("Token accuracy"));
  assert.ok(!texts(sftDashboard(grpoRows(20))).includes("Token accuracy"));
});

Deno.test("curves of 10,000 rows look like their smoothed rows, not like an empty chart", () => {
  const svg = metricCurve(grpoRows(10_000), "reward");
  assert.ok(svg.length < 60_000, `${svg.length}`);
  const longest = Math.max(...[...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d.split("L").length));
  assert.ok(longest > 400 && longest < 1500, `${longest} points`);
  assert.ok(toPng(svg, { scale: 0.5 }).length > 2000);
});
