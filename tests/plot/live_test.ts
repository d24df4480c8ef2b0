import assert from "node:assert/strict";
import { liveChart, lossCurve, type StepRow } from "../../lib/plot/mod.ts";
import { sftRows } from "./example_runs.ts";

/** A chart whose clock stands still until moved and whose drawing is the number of rows. */
function counting(options: { everyMs?: number; drawMs?: number; show?: (svg: string) => void | Promise<void> } = {}) {
  const clock = { ms: 0 };
  const shown: string[] = [];
  const chart = liveChart({
    everyMs: options.everyMs ?? 1000,
    now: () => clock.ms,
    draw: (rows) => {
      clock.ms += options.drawMs ?? 0;
      return String(rows.length);
    },
    display: { show: options.show ?? ((svg) => void shown.push(svg)) },
  });
  return { chart, clock, shown };
}

const rows = (count: number): StepRow[] => Array.from({ length: count }, (_, i) => ({ step: i + 1 }));

Deno.test("liveChart() draws the first rows at once, then waits, then draws the newest", async () => {
  const { chart, clock, shown } = counting();
  await chart.update(rows(1));
  await chart.update(rows(2));
  clock.ms = 999;
  await chart.update(rows(3));
  assert.deepEqual(shown, ["1"]);
  clock.ms = 1000;
  await chart.update(rows(4));
  assert.deepEqual(shown, ["1", "4"]);
});

Deno.test("finish() draws the last rows though it is too early", async () => {
  const { chart, shown } = counting();
  await chart.update(rows(1));
  await chart.update(rows(2));
  await chart.finish();
  assert.deepEqual(shown, ["1", "2"]);
});

Deno.test("finish() draws a run that never had a row", async () => {
  const { chart, shown } = counting();
  await chart.finish();
  assert.deepEqual(shown, ["0"]);
});

Deno.test("liveChart() takes at most a tenth of the time when drawing is slow", async () => {
  const { chart, clock, shown } = counting({ everyMs: 100, drawMs: 500 });
  await chart.update(rows(1));
  clock.ms = 4999;
  await chart.update(rows(2));
  assert.deepEqual(shown, ["1"]);
  clock.ms = 5000;
  await chart.update(rows(3));
  assert.deepEqual(shown, ["1", "3"]);
});

Deno.test("update() does not overtake a drawing that is still being shown", async () => {
  const shown: string[] = [];
  const releases: (() => void)[] = [];
  const { chart, clock } = counting({
    everyMs: 0,
    show: (svg) => new Promise<void>((resolve) => releases.push(() => (shown.push(svg), resolve()))),
  });
  const first = chart.update(rows(1));
  clock.ms = 10_000;
  await chart.update(rows(2));
  assert.equal(releases.length, 1);
  const finished = chart.finish();
  releases[0]();
  await first;
  while (releases.length < 2) await Promise.resolve();
  releases[1]();
  await finished;
  assert.deepEqual(shown, ["1", "2"]);
});

Deno.test("an error in drawing does not end the run; finish() throws it", async () => {
  let attempts = 0;
  const { chart, clock } = counting({
    show: () => {
      attempts++;
      throw new Error("display is gone");
    },
  });
  await chart.update(rows(1));
  clock.ms = 5000;
  await chart.update(rows(2));
  assert.equal(attempts, 1);
  await assert.rejects(chart.finish(), /display is gone/);
});

Deno.test("liveChart() shows a real chart that grows with the rows", async () => {
  const shown: string[] = [];
  const chart = liveChart({
    draw: lossCurve,
    everyMs: 0,
    now: () => 0,
    display: { show: (svg) => void shown.push(svg) },
  });
  for (const count of [0, 1, 10]) await chart.update(sftRows(count));
  await chart.finish();
  assert.deepEqual(shown, [0, 1, 10, 10].map((count) => lossCurve(sftRows(count))));
});
