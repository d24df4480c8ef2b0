import assert from "node:assert/strict";
import fc from "fast-check";
import { binEdges, countInBins } from "../../lib/plot/bins.ts";
import { distributionOverSteps, ridgeline } from "../../lib/plot/mod.ts";
import { joinSteps, samplesByStep } from "../../lib/plot/samples.ts";
import { completionRows } from "./example_runs.ts";
import { assertDrawing, texts } from "./drawing.ts";

Deno.test("samplesByStep() takes a row for each value or a row with many, and no other than numbers", () => {
  const single = [{ step: 1, length: 5 }, { step: 2, length: 7 }, { step: 1, length: 6 }, { step: 2, length: NaN }];
  assert.deepEqual([...samplesByStep(single, "length")], [[1, [5, 6]], [2, [7]]]);
  const many = [{ step: 1, length: [5, null, 6] }, { step: 2, length: new Float32Array([7]) }, {
    step: 3,
    length: "8",
  }];
  assert.deepEqual([...samplesByStep(many, "length")], [[1, [5, 6]], [2, [7]]]);
});

Deno.test("joinSteps() joins equally many steps, sorts values and leaves empty stretches out", () => {
  const byStep = new Map([[1, [3, 1]], [2, [2]], [9, [4]]]);
  assert.deepEqual(joinSteps(byStep, 3), [
    { from: 1, to: 2, values: [1, 2, 3] },
    { from: 9, to: 9, values: [4] },
  ]);
  assert.deepEqual(joinSteps(new Map(), 3), []);
});

Deno.test("binEdges() puts zero in the middle of a bin when values lie on both sides", () => {
  const edges = binEdges([-1.3, 0, 0.4, 2.2], 20);
  const around = edges.findIndex((edge) => edge > 0);
  assert.ok(Math.abs(edges[around] + edges[around - 1]) < 1e-12, `${edges}`);
});

Deno.test("countInBins() counts every value once, at its place", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1 }), (values) => {
    const edges = binEdges(values, 20);
    const bins = countInBins(values, edges);
    assert.equal(bins.reduce((sum, bin) => sum + bin.height, 0), values.length);
    for (const bin of bins) {
      assert.equal(bin.height, values.filter((value) => value >= bin.from && value < bin.to).length);
    }
  }));
});

for (const [name, draw] of Object.entries({ distributionOverSteps, ridgeline })) {
  Deno.test(`${name}() draws well-formed SVG, the same bytes each time, for every kind of rows`, () => {
    const cases: Record<string, [rows: Record<string, unknown>[], metric: string]> = {
      "completions": [completionRows(120, 8), "advantage"],
      "one value": [[{ step: 3, length: 5 }], "length"],
      "equal values": [completionRows(30, 4).map((row) => ({ ...row, length: 7 })), "length"],
      "far outliers": [
        completionRows(30, 4).map((row, i) => ({ ...row, length: i === 50 ? 1e12 : row.length })),
        "length",
      ],
      "a long name": [
        completionRows(5, 4).map(({ step, length }) => ({ step, ["n/".repeat(80)]: length })),
        "n/".repeat(80),
      ],
    };
    for (const [title, [rows, metric]] of Object.entries(cases)) {
      const svg = draw(rows, metric);
      assertDrawing(svg, title);
      assert.equal(draw(rows, metric), svg, title);
      assert.ok(!texts(svg).some((text) => text.startsWith("no data")), title);
    }
  });

  Deno.test(`${name}() says so when there is no data, and refuses a number of bins that is none`, () => {
    assert.ok(texts(draw([], "length")).includes("no data yet for length"));
    assert.throws(() => draw([], "length", { bins: 0 }), /positive numbers/);
  });

  Deno.test(`${name}() survives any values`, () => {
    const row = fc.record({ step: fc.nat(50), length: fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 })) });
    fc.assert(fc.property(fc.array(row, { maxLength: 60 }), (rows) => assertDrawing(draw(rows, "length"), "any")), {
      numRuns: 60,
    });
  });
}

Deno.test("distributionOverSteps() counts what lies beyond its ends", () => {
  const rows = Array.from({ length: 240 }, (_, i) => ({ step: 1 + i % 30, length: i === 50 ? 1e6 : 100 + i % 17 }));
  assert.ok(texts(distributionOverSteps(rows, "length")).includes("length, 1 beyond the ends counted there"));
});
