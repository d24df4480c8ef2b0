import assert from "node:assert/strict";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { rotary, rotaryFrequencies, type RotaryScaling, rotaryTables } from "../../lib/kernels/mod.ts";
import { randomArray } from "../support/random_array.ts";

Deno.test("rotary() turns the pair of element i and i + headDim / 2 by position * theta^(-2 i / headDim)", () => {
  const [headDim, theta, position] = [6, 10_000, 7];
  const { cos, sin } = rotaryTables(8, { headDim, theta });
  const graph = new Graph();
  const y = rotary(
    graph.input("x", [1, 1, 1, headDim]),
    graph.input("positions", [1, 1], "int64"),
    graph.input("cos", ["positions", headDim / 2]),
    graph.input("sin", ["positions", headDim / 2]),
  );
  const x = randomArray([1, 1, 1, headDim], "x");
  const feeds = { x, positions: ndarray([1, 1], [position]), cos: ndarray([8, 3], cos), sin: ndarray([8, 3], sin) };
  const [{ data }] = evaluate([y], feeds);
  for (let i = 0; i < headDim / 2; i++) {
    const [before, after] = [x.data, data].map((v) => ({
      angle: Math.atan2(v[i + headDim / 2], v[i]),
      length: Math.hypot(v[i], v[i + headDim / 2]),
    }));
    const turn = position * theta ** (-2 * i / headDim);
    assert.ok(Math.abs(before.length - after.length) < 1e-6);
    assert.ok(Math.abs(Math.sin((after.angle - before.angle - turn) / 2)) < 1e-6, `pair ${i}`);
  }
});

Deno.test("rotary() makes scores depend on the distance of positions alone", () => {
  const headDim = 8;
  const { cos, sin } = rotaryTables(32, { headDim, theta: 10_000 });
  const score = (queryPosition: number, keyPosition: number) => {
    const turned = ["q", "k"].map((name, i) => {
      const graph = new Graph();
      const y = rotary(
        graph.input("x", [1, 1, 1, headDim]),
        graph.input("positions", [1, 1], "int64"),
        graph.input("cos", [32, headDim / 2]),
        graph.input("sin", [32, headDim / 2]),
      );
      return evaluate([y], {
        x: randomArray([1, 1, 1, headDim], name),
        positions: ndarray([1, 1], [[queryPosition, keyPosition][i]]),
        cos: ndarray([32, 4], cos),
        sin: ndarray([32, 4], sin),
      })[0].data;
    });
    return turned[0].reduce((total, q, d) => total + q * turned[1][d], 0);
  };
  assert.ok(Math.abs(score(5, 2) - score(25, 22)) < 1e-6);
  assert.ok(Math.abs(score(5, 2) - score(5, 3)) > 1e-3);
});

/** Llama 3.2's sizes: 64 elements a head, theta 500,000, an original length of 8192. */
const llama32 = { headDim: 64, theta: 500_000 };
const llama3: RotaryScaling = {
  type: "llama3",
  factor: 32,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxPositions: 8192,
};

Deno.test("rotaryFrequencies() divides all frequencies by the factor when scaling is linear", () => {
  const plain = rotaryFrequencies(llama32);
  assert.deepEqual([plain.length, plain[0]], [32, 1]);
  const slower = rotaryFrequencies({ ...llama32, scaling: { type: "linear", factor: 4 } });
  assert.deepEqual(slower, plain.map((frequency) => frequency / 4));
});

Deno.test("rotaryFrequencies() keeps fast pairs, slows slow ones and blends between them when scaling is Llama 3's", () => {
  const plain = rotaryFrequencies(llama32);
  const scaled = rotaryFrequencies({ ...llama32, scaling: llama3 });
  const wavelengths = plain.map((frequency) => 2 * Math.PI / frequency);
  const bands = { kept: 0, blended: 0, slowed: 0 };
  wavelengths.forEach((wavelength, i) => {
    const ratio = plain[i] / scaled[i];
    if (wavelength < 8192 / 4) {
      assert.equal(ratio, 1);
      bands.kept++;
    } else if (wavelength > 8192) {
      assert.ok(Math.abs(ratio - 32) < 1e-12);
      bands.slowed++;
    } else {
      assert.ok(ratio > 1 && ratio < 32);
      bands.blended++;
    }
  });
  assert.ok(bands.kept > 0 && bands.blended > 0 && bands.slowed > 0, JSON.stringify(bands));
  for (let i = 1; i < scaled.length; i++) assert.ok(scaled[i] < scaled[i - 1], "slower and slower");
});

Deno.test("rotaryFrequencies() has Llama 3's bands where the model's config puts them", () => {
  const plain = rotaryFrequencies(llama32);
  for (const [low, high, original, factor] of [[2, 4, 8192, 32], [1, 8, 8192, 32], [0.5, 3, 1024, 8]]) {
    const scaling: RotaryScaling = {
      ...{ type: "llama3", factor, originalMaxPositions: original },
      ...{ lowFrequencyFactor: low, highFrequencyFactor: high },
    };
    const expected = plain.map((frequency) => {
      const wavelength = 2 * Math.PI / frequency;
      if (wavelength <= original / high) return frequency;
      if (wavelength >= original / low) return frequency / factor;
      const smooth = (original / wavelength - low) / (high - low);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    });
    rotaryFrequencies({ ...llama32, scaling }).forEach((frequency, i) => {
      assert.ok(Math.abs(frequency / expected[i] - 1) < 1e-12, `pair ${i} of ${JSON.stringify(scaling)}`);
    });
    assert.ok(expected.some((frequency, i) => frequency < plain[i] && frequency > plain[i] / factor));
  }
});

Deno.test("rotaryFrequencies() are transformers' for Llama 3.2, computed there in float64", () => {
  const scaled = rotaryFrequencies({ ...llama32, scaling: llama3 });
  const expected: [pair: number, frequency: number][] = [
    [0, 1],
    [5, 0.12868737343265052],
    [14, 0.0032114459947525913],
    [15, 0.0012905479282092638],
    [16, 0.00042955679655936815],
    [17, 9.70828780262767e-05],
    [18, 1.9461638184831125e-05],
    [31, 9.418306725434909e-08],
  ];
  for (const [i, frequency] of expected) {
    assert.ok(Math.abs(scaled[i] / frequency - 1) < 1e-14, `pair ${i}: ${scaled[i]}`);
  }
});

Deno.test("rotary() names the rank, dtype and tables it expects", () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", 2, "tokens", 6]);
  const positions = graph.input("positions", ["batch", "tokens"], "int64");
  const table = graph.input("table", ["positions", 3]);
  const wide = graph.input("wide", ["positions", 6]);
  const flat = graph.input("flat", ["batch", "tokens", 6]);
  const wrong = graph.input("wrong", ["batch", "tokens"]);
  assert.throws(() => rotary(flat, positions, table, table), /expected x as \[batch, heads, tokens, headDim\]/);
  assert.throws(() => rotary(x, wrong, table, table), /expected int64 positions, got float32/);
  assert.throws(() => rotary(x, positions, wide, wide), /expected tables of \[positions, 3\]/);
});
