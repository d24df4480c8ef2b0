import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, gradients, Graph, type NdArray, ndarray } from "../../lib/graph/mod.ts";
import { selectiveLogProb, type TokenObjective } from "../../lib/kernels/mod.ts";
import { assertClose, runOnEngine } from "../support/check_engine.ts";
import { randomArray } from "../support/random_array.ts";

const engine = await createEngine({ threads: 1 });
const [ROWS, HIDDEN, VOCABULARY] = [5, 4, 9];

function head(objective: TokenObjective = {}) {
  const graph = new Graph();
  const hidden = graph.input("hidden", ["rows", HIDDEN]);
  const weight = graph.input("weight", [VOCABULARY, HIDDEN]);
  const target = graph.input("target", ["rows"], "int64");
  const outputs = selectiveLogProb(hidden, weight, target, graph.input("inverseTemperature", []), objective);
  const seed = { tensor: outputs.score, gradient: graph.input("c", ["rows"]) };
  const [dHidden, dWeight] = gradients([seed], [hidden, weight]);
  return { ...outputs, dHidden, dWeight };
}

function feedsOf(target: number[], inverseTemperature = 0.75) {
  return {
    hidden: randomArray([target.length, HIDDEN], "hidden"),
    weight: randomArray([VOCABULARY, HIDDEN], "weight"),
    target: ndarray([target.length], target),
    inverseTemperature: ndarray([], [inverseTemperature]),
    c: randomArray([target.length], "c"),
  };
}

Deno.test("selectiveLogProb() equals the definition: log-probability, entropy, whether the target is the best", async () => {
  const { logProb, entropy, isGreedy } = head();
  const feeds = feedsOf([0, 8, 3, 3, 5]);
  // The second row's target becomes the one with the highest logit.
  const logitsOf = (row: number) =>
    Array.from({ length: VOCABULARY }, (_, token) => {
      let logit = 0;
      for (let k = 0; k < HIDDEN; k++) {
        logit += feeds.hidden.data[row * HIDDEN + k] * feeds.weight.data[token * HIDDEN + k];
      }
      return logit * 0.75;
    });
  const best = logitsOf(1).indexOf(Math.max(...logitsOf(1)));
  feeds.target.data[1] = best;

  const expected = { logProb: ndarray([ROWS]), entropy: ndarray([ROWS]), isGreedy: ndarray([ROWS]) };
  for (let row = 0; row < ROWS; row++) {
    const logits = logitsOf(row);
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const probabilities = logits.map((z) => Math.exp(z) / total);
    const target = feeds.target.data[row];
    expected.logProb.data[row] = Math.log(probabilities[target]);
    expected.entropy.data[row] = -probabilities.reduce((sum, p) => sum + p * Math.log(p), 0);
    expected.isGreedy.data[row] = logits.every((z) => z <= logits[target]) ? 1 : 0;
  }
  assert.equal(expected.isGreedy.data[1], 1);
  assert.ok(expected.isGreedy.data.includes(0));
  const reference = evaluate([logProb, entropy, isGreedy], feeds);
  const engineResult = await runOnEngine(engine, { logProb, entropy, isGreedy }, feeds);
  (["logProb", "entropy", "isGreedy"] as const).forEach((name, i) => {
    assertClose(reference[i], expected[name], 1e-12, `reference: ${name}`);
    assertClose(engineResult[name], expected[name], 1e-6, `engine: ${name}`);
  });
});

Deno.test("selectiveLogProb() neither overflows nor loses the target with huge logits", async () => {
  const { logProb, entropy, dHidden, dWeight } = head();
  const feeds = feedsOf([1, 2], 1);
  // Row 0: token 1 has logit 4000 and the others 0. Row 1: every logit is -3000 but token 2's, which is -3001.
  feeds.hidden = ndarray([2, HIDDEN], [1000, 0, 0, 0, 0, 1000, 0, 0]);
  feeds.weight = ndarray(
    [VOCABULARY, HIDDEN],
    Array.from({ length: VOCABULARY }, (_, token) => [token === 1 ? 4 : 0, token === 2 ? -3.001 : -3, 0, 0]).flat(),
  );
  const results = await runOnEngine(engine, { logProb, entropy, dHidden, dWeight }, feeds);
  const second = -1 - Math.log(8 + Math.exp(-1));
  assertClose(results.logProb, ndarray([2], [0, second]), 1e-3, "logProb"); // -3001 in float32 ends at 2^-12
  assert.equal(results.entropy.data[0], 0);
  for (const [name, { data }] of Object.entries(results)) {
    assert.ok(data.every(Number.isFinite), `${name}: [${data}]`);
  }
  assert.ok(results.dHidden.data.subarray(0, HIDDEN).every((value) => Math.abs(value) < 1e-6));
});

Deno.test("selectiveLogProb() keeps the small numbers of a likely token, however large the logits are", async () => {
  const { logProb, entropy } = head();
  for (const base of [0, 300, -300]) {
    const feeds = feedsOf([3, 3], 1);
    // The other tokens have the logit `base`, token 3 one that is 9 or 11 higher.
    feeds.hidden = ndarray([2, HIDDEN], [1, 9, 0, 0, 1, 11, 0, 0]);
    feeds.weight = ndarray(
      [VOCABULARY, HIDDEN],
      Array.from({ length: VOCABULARY }, (_, token) => [base, token === 3 ? 1 : 0, 0, 0]).flat(),
    );
    const results = await runOnEngine(engine, { logProb, entropy }, feeds);
    const others = [9, 11].map((gap) => (VOCABULARY - 1) * Math.exp(-gap));
    const expected = {
      logProb: others.map((rest) => -Math.log1p(rest)),
      entropy: [9, 11].map((gap, row) => Math.log1p(others[row]) + gap * others[row] / (1 + others[row])),
    };
    for (const name of ["logProb", "entropy"] as const) {
      const error = Math.max(...expected[name].map((value, row) => Math.abs(results[name].data[row] - value)));
      assert.ok(error < 5e-7, `${name} of logits around ${base}: off by ${error}`);
    }
  }
});

Deno.test("selectiveLogProb() of chunks of rows adds up to the whole", async () => {
  const { logProb, entropy, dHidden, dWeight } = head();
  const outputs = { logProb, entropy, dHidden, dWeight };
  const feeds = feedsOf([4, 4, 0, 8, 4, 2, 7]);
  const whole = await runOnEngine(engine, outputs, feeds);
  const rowsOf = (value: NdArray, from: number, to: number) => {
    const width = value.data.length / value.shape[0];
    return ndarray([to - from, ...value.shape.slice(1)], value.data.subarray(from * width, to * width));
  };
  const dWeightSum = ndarray([VOCABULARY, HIDDEN]);
  for (const [from, to] of [[0, 3], [3, 4], [4, 7]]) {
    const { hidden, target, c } = feeds;
    const [part] = [{ hidden, target, c }].map((all) =>
      Object.fromEntries(Object.entries(all).map(([name, value]) => [name, rowsOf(value, from, to)]))
    );
    const chunk = await runOnEngine(engine, outputs, { ...feeds, ...part });
    for (const name of ["logProb", "entropy", "dHidden"] as const) {
      assertClose(chunk[name], rowsOf(whole[name], from, to), 1e-6, `${name} of rows ${from} to ${to}`);
    }
    chunk.dWeight.data.forEach((value, i) => dWeightSum.data[i] += value);
  }
  assertClose(dWeightSum, whole.dWeight, 1e-6, "dWeight");
});

Deno.test("selectiveLogProb() counts every row in dWeight when all rows have one target", async () => {
  const { dWeight } = head();
  const rows = 300;
  const feeds = feedsOf(new Array(rows).fill(3));
  const { dWeight: result } = await runOnEngine(await createEngine({ threads: 2 }), { dWeight }, feeds);
  assertClose(result, evaluate([dWeight], feeds)[0], 1e-5, "dWeight");
});

Deno.test("selectiveLogProb() lets no gradient through its metrics", () => {
  const graph = new Graph();
  const hidden = graph.input("hidden", ["rows", HIDDEN]);
  const weight = graph.input("weight", [VOCABULARY, HIDDEN]);
  const target = graph.input("target", ["rows"], "int64");
  const { entropy, isGreedy } = selectiveLogProb(hidden, weight, target, graph.input("inverseTemperature", []));
  for (const tensor of [entropy, isGreedy]) {
    const seed = { tensor, gradient: graph.input(`c of ${tensor.name}`, ["rows"]) };
    assert.throws(() => gradients([seed], [hidden]), /do not depend on "hidden"/);
  }
});

Deno.test("selectiveLogProb() smooths labels as the mean over the vocabulary of log-probabilities", async () => {
  const feeds = feedsOf([0, 8, 3, 3, 5]);
  const smoothed = head({ labelSmoothingFactor: 0.3 });
  const plain = head();
  // The log-probability of every token in turn, from the plain kernel.
  const every = Array.from({ length: VOCABULARY }, (_, token) => {
    const target = ndarray([ROWS], new Array(ROWS).fill(token));
    return evaluate([plain.logProb], { ...feeds, target })[0].data;
  });
  const [chosen] = evaluate([plain.logProb], feeds);
  const expected = ndarray(
    [ROWS],
    chosen.data.map((logProb, row) => {
      const mean = every.reduce((sum, logProbs) => sum + logProbs[row], 0) / VOCABULARY;
      return 0.7 * logProb + 0.3 * mean;
    }),
  );
  const { score, logProb } = await runOnEngine(engine, { score: smoothed.score, logProb: smoothed.logProb }, feeds);
  assertClose(evaluate([smoothed.score], feeds)[0], expected, 1e-12, "reference");
  assertClose(score, expected, 1e-6, "engine");
  assertClose(logProb, chosen, 1e-6, "the log-probability stays what it is");
});

Deno.test("selectiveLogProb() with dft weights each log-probability by its probability, held constant", async () => {
  const feeds = feedsOf([0, 8, 3, 3, 5]);
  const { score, logProb, dHidden, dWeight } = await runOnEngine(engine, head({ lossType: "dft" }), feeds);
  const plain = head();
  const [chosen] = evaluate([plain.logProb], feeds);
  const probabilities = chosen.data.map(Math.exp);
  assertClose(logProb, chosen, 1e-6, "log-probabilities");
  assertClose(score, ndarray([ROWS], chosen.data.map((value, row) => value * probabilities[row])), 1e-6, "scores");
  const c = ndarray([ROWS], feeds.c.data.map((value, row) => value * probabilities[row]));
  const [expectedHidden, expectedWeight] = evaluate([plain.dHidden, plain.dWeight], { ...feeds, c });
  assertClose(dHidden, expectedHidden, 1e-6, "dHidden");
  assertClose(dWeight, expectedWeight, 1e-6, "dWeight");
});

Deno.test("selectiveLogProb() refuses an objective that means nothing", () => {
  assert.throws(() => head({ labelSmoothingFactor: 1 }), /labelSmoothingFactor: expected a number from 0 .* got 1/);
  assert.throws(() => head({ labelSmoothingFactor: NaN }), /labelSmoothingFactor: .* got NaN/);
  assert.throws(() => head({ lossType: "mse" as "nll" }), /lossType: expected "nll" or "dft", got "mse"/);
  assert.throws(() => head({ lossType: "dft", labelSmoothingFactor: 0.1 }), /expected 0 with lossType "dft"/);
});
