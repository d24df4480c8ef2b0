import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../lib/engine/mod.ts";
import { Graph, ndarray } from "../../lib/graph/mod.ts";
import { BELOW_ONE, drawTokens } from "../../lib/kernels/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { runOnEngine } from "../support/check_engine.ts";

const engine = await createEngine({ threads: 1 });

interface Draws {
  logits: number[][];
  temperature?: number;
  /** The row of each draw. */
  rows: number[];
  /** The uniform number of each draw; absent: greedy. */
  uniform?: number[];
}

/** Draws on the engine; the columns are token, logit, highest and total. */
async function drawn({ logits, temperature = 1, rows, uniform }: Draws): Promise<number[][]> {
  const graph = new Graph();
  const outputs = drawTokens({
    logits: graph.input("logits", ["rows", logits[0].length]),
    inverseTemperature: graph.input("inverseTemperature", []),
    row: graph.input("row", ["draws"], "int32"),
    uniform: uniform ? graph.input("uniform", ["draws"]) : null,
  });
  const results = await runOnEngine(engine, { ...outputs }, {
    logits: ndarray([logits.length, logits[0].length], logits.flat()),
    inverseTemperature: ndarray([], [1 / temperature]),
    row: ndarray([rows.length], rows),
    ...(uniform ? { uniform: ndarray([rows.length], uniform) } : {}),
  });
  const columns = [results.token, results.logit, results.highest, results.total];
  return rows.map((_, i) => columns.map(({ data }) => data[i]));
}

/** Cumulative shares of a row in float64: token t has [shares[t], shares[t + 1]). */
function shares(logits: readonly number[], temperature: number): number[] {
  const highest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp((logit - highest) / temperature));
  const total = weights.reduce((a, b) => a + b);
  let sum = 0;
  return [0, ...weights.map((weight) => (sum += weight) / total)];
}

const logit = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -640, max: 640 }).map((n) => n / 64) },
  // Far enough below the others to have no weight at all in float32.
  { weight: 1, arbitrary: fc.constant(-200) },
);

Deno.test("drawTokens() draws what the float64 reference draws, from any rows of any vocabulary", async () => {
  const cases = fc.integer({ min: 2, max: 150 }).chain((vocabulary) =>
    fc.record({
      logits: fc.array(fc.array(logit, { minLength: vocabulary, maxLength: vocabulary }), {
        minLength: 1,
        maxLength: 4,
      }),
      temperature: fc.constantFrom(0.3, 1, 1.7),
      draws: fc.array(
        fc.tuple(
          fc.nat(3),
          fc.oneof(fc.constantFrom(0, BELOW_ONE), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        ),
        { minLength: 1, maxLength: 12 },
      ),
    })
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ logits, temperature, draws }) => {
      const rows = draws.map(([row]) => row % logits.length);
      const uniform = draws.map(([, u]) => Math.min(Math.fround(u), BELOW_ONE));
      const results = await drawn({ logits, temperature, rows, uniform });
      results.forEach(([token, ofToken, highest, total], i) => {
        const row = logits[rows[i]];
        const borders = shares(row, temperature);
        const what = `token ${token} of ${row.length} drawn with ${uniform[i]}`;
        // Rounding may move a border by this much.
        assert.ok(borders[token] <= uniform[i] + 1e-6, `${what} begins at ${borders[token]}`);
        assert.ok(uniform[i] < borders[token + 1] + 1e-6, `${what} ends at ${borders[token + 1]}`);
        // In a row of such logits alone they have all the weight.
        assert.ok(row[token] > -200 || Math.max(...row) === -200, `${what} has no weight`);
        assert.deepEqual([ofToken, highest], [row[token], Math.max(...row)]);
        const expected = Math.log(borders[token + 1] - borders[token]);
        if (expected > -20) {
          const logProb = (ofToken - highest) / temperature - Math.log(total);
          assert.ok(Math.abs(logProb - expected) < 1e-5 * Math.max(1, -expected), `${what}: ${logProb}, ${expected}`);
        }
      });
      const greedy = await drawn({ logits, temperature, rows });
      greedy.forEach(([token], i) => assert.equal(token, logits[rows[i]].indexOf(Math.max(...logits[rows[i]]))));
    }),
    { numRuns: 60 },
  );
});

Deno.test("drawTokens() finds the only token that has any weight, wherever it is and whatever the number", async () => {
  for (const vocabulary of [2, 64, 65, 100]) {
    const logits = Array.from(
      { length: vocabulary },
      (_, own) => Array.from({ length: vocabulary }, (_, token) => (token === own ? 3 : -1e4)),
    );
    const rows = logits.flatMap((_, row) => [row, row, row]);
    const uniform = logits.flatMap(() => [0, 0.5, BELOW_ONE]);
    for (const draws of [{ logits, rows, uniform }, { logits, rows }]) {
      assert.deepEqual((await drawn(draws)).map(([token]) => token), rows);
    }
  }
});

Deno.test("drawTokens() never draws a token without weight before, between or after others", async () => {
  const random = new Random("zeros");
  const [vocabulary, count] = [300, 400];
  const logits = [Array.from({ length: vocabulary }, (_, token) => (token % 7 === 3 && token < 250 ? 2 : -1e4))];
  const uniform = Array.from(
    { length: count },
    (_, i) => (i === 0 ? 0 : i === 1 ? BELOW_ONE : Math.fround(random.float())),
  );
  const results = await drawn({ logits, rows: new Array(count).fill(0), uniform });
  for (const [token] of results) assert.ok(token % 7 === 3 && token < 250, `${token}`);
  assert.deepEqual([results[0][0], results[1][0]], [3, 248]);
});

Deno.test("drawTokens() never draws a token without weight where a draw falls on the border between two blocks", async () => {
  const [width, blocks] = [64, 64];
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed);
    // The last tokens of each block have no weight: one of them would be drawn if a block weighed less than was said.
    const logits = Array.from(
      { length: blocks * width },
      (_, token) => (token % width >= width - 8 ? -1e4 : Math.fround(2 * random.normal())),
    );
    const uniform = shares(logits, 1).slice(0, -1).filter((_, token) => token > 0 && token % width === 0)
      .flatMap((share) => Array.from({ length: 13 }, (_, i) => Math.fround(share + (i - 6) * 2 ** -25)));
    const results = await drawn({ logits: [logits], rows: uniform.map(() => 0), uniform });
    for (const [token] of results) assert.ok(token % width < width - 8, `${token}`);
  }
});

Deno.test("drawTokens() draws tokens as often as they are probable", async () => {
  const random = new Random("chi-square of draws");
  const logits = [Array.from({ length: 90 }, () => random.normal() * 1.5)];
  const borders = shares(logits[0].map(Math.fround), 0.8);
  const draws = 20_000;
  const uniform = Array.from({ length: draws }, () => Math.min(Math.fround(random.float()), BELOW_ONE));
  const counts = new Array<number>(90).fill(0);
  const results = await drawn({ logits, temperature: 0.8, rows: new Array(draws).fill(0), uniform });
  for (const [token] of results) counts[token]++;
  let [chiSquare, degrees] = [0, -1];
  counts.forEach((seen, token) => {
    const expected = (borders[token + 1] - borders[token]) * draws;
    if (expected < 5) return;
    chiSquare += (seen - expected) ** 2 / expected;
    degrees++;
  });
  // Mean `degrees`, variance twice that: four standard deviations above.
  assert.ok(chiSquare < degrees + 4 * Math.sqrt(2 * degrees), `${chiSquare}, ${degrees}`);
});

Deno.test("drawTokens() says by its total that logits are not finite, and names a token of the vocabulary", async () => {
  const logits = [[1, NaN, 2], [1, 2, 3], [Infinity, 0, 0], [NaN, NaN, NaN]];
  for (const uniform of [[0.5, 0.5, 0.5, 0.5], undefined]) {
    const results = await drawn({ logits, rows: [0, 1, 2, 3], uniform });
    assert.deepEqual(results.map(([, , , total]) => 1 / total > 0), [false, true, false, false]);
    for (const [token] of results) assert.ok(token >= 0 && token < 3, `${token}`);
  }
});

Deno.test("drawTokens() refuses a vocabulary of unknown size", () => {
  const graph = new Graph();
  const inputs = {
    logits: graph.input("logits", ["rows", "vocabulary"]),
    inverseTemperature: graph.input("inverseTemperature", []),
    row: graph.input("row", ["draws"], "int32"),
    uniform: null,
  };
  assert.throws(() => drawTokens(inputs), /expected a vocabulary of known size, got vocabulary/);
});
