import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, ndarray } from "../../lib/graph/mod.ts";
import {
  accumulateGraph,
  ADAMW_STEP_INPUTS,
  adamwGraph,
  type AdamWOptions,
  adamwStepValues,
  placeSumOfSquaresGraph,
  sumOfSquaresGraph,
} from "../../lib/kernels/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { assertClose } from "../support/check_engine.ts";

const engine = await createEngine({ threads: 1 });
const OPTIONS: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const [SIZE, STEPS] = [7, 20];

/** What changes from step to step: the learning rate falls, and some gradients are clipped. */
function step(t: number) {
  return { t, learningRate: 0.01 / t, weightDecay: 0.1, clip: t % 3 === 0 ? 0.5 : 1 };
}

function gradientAt(t: number): number[] {
  const random = new Random(`gradient ${t}`);
  // One of them is always zero: the update is then weight decay alone.
  return Array.from({ length: SIZE }, (_, i) => i === 0 ? 0 : Math.fround(random.normal() * 10 ** (i - 4)));
}

const start = Array.from({ length: SIZE }, (_, i) => Math.fround(Math.cos(i)));

/** AdamW as the paper's Algorithm 2 states it, with PyTorch's decoupled decay, one number at a time. */
function plainAdamW(): number[] {
  const { beta1, beta2, epsilon } = OPTIONS;
  const parameter = [...start];
  const [m, v] = [new Array(SIZE).fill(0), new Array(SIZE).fill(0)];
  for (let t = 1; t <= STEPS; t++) {
    const { learningRate, weightDecay, clip } = step(t);
    gradientAt(t).forEach((raw, i) => {
      const gradient = raw * clip;
      parameter[i] -= learningRate * weightDecay * parameter[i];
      m[i] = beta1 * m[i] + (1 - beta1) * gradient;
      v[i] = beta2 * v[i] + (1 - beta2) * gradient ** 2;
      const [mHat, vHat] = [m[i] / (1 - beta1 ** t), v[i] / (1 - beta2 ** t)];
      parameter[i] -= learningRate * mHat / (Math.sqrt(vHat) + epsilon);
    });
  }
  return parameter;
}

Deno.test("adamwGraph() equals plain AdamW over 20 steps in the reference", () => {
  const outputs = adamwGraph(OPTIONS);
  const names = Object.keys(outputs);
  let state = Object.fromEntries(
    names.map((name) => [name, ndarray([SIZE], name === "parameter" ? start : undefined)]),
  );
  for (let t = 1; t <= STEPS; t++) {
    const values = adamwStepValues(OPTIONS, step(t));
    const scalars = Object.fromEntries(ADAMW_STEP_INPUTS.map((name) => [name, ndarray([], [values[name]])]));
    const results = evaluate(Object.values(outputs), {
      ...state,
      ...scalars,
      gradient: ndarray([SIZE], gradientAt(t)),
    });
    state = Object.fromEntries(names.map((name, i) => [name, results[i]]));
  }
  // The graph's constants (1 - beta2 and so on) are float32 numbers.
  assertClose(state.parameter, ndarray([SIZE], plainAdamW()), 1e-6, "parameter");
  assert.ok(Math.abs(state.parameter.data[1] - start[1]) > 0.01);
});

Deno.test("adamwGraph() updates parameter and moments in place on the engine, for tensors of any rank", async () => {
  const program = await engine.compile({ outputs: adamwGraph(OPTIONS, 2) });
  const parameter = Float32Array.from(start);
  const state = {
    parameter: engine.upload(parameter, [1, SIZE]),
    firstMoment: engine.zeros([1, SIZE]),
    secondMoment: engine.zeros([1, SIZE]),
  };
  for (let t = 1; t <= STEPS; t++) {
    const values = adamwStepValues(OPTIONS, step(t));
    const scalars = Object.fromEntries(
      ADAMW_STEP_INPUTS.map((name) => [name, engine.upload(Float32Array.of(values[name]), [])]),
    );
    const gradient = engine.upload(Float32Array.from(gradientAt(t)), [1, SIZE]);
    await program.run({ ...state, ...scalars, gradient }, state);
  }
  assertClose(ndarray([SIZE], parameter), ndarray([SIZE], plainAdamW()), 1e-5, "parameter");
  await program.dispose();
});

Deno.test("sumOfSquaresGraph(), placeSumOfSquaresGraph() and accumulateGraph() give the parts of a global norm over micro-batches", async () => {
  const squares = await engine.compile({ outputs: sumOfSquaresGraph(2) });
  const accumulate = await engine.compile({ outputs: accumulateGraph(2) });
  const total = engine.upload(Float32Array.of(1, 2, 3, 4), [2, 2]);
  const gradient = engine.upload(Float32Array.of(10, 0, 0, -4), [2, 2]);
  await accumulate.run({ total, gradient }, { total });
  assert.deepEqual(total.data, Float32Array.of(11, 2, 3, 0));
  const { sumOfSquares } = await squares.run({ gradient: total });
  assert.deepEqual(await engine.read(sumOfSquares), Float32Array.of(121 + 4 + 9));
  const placed = await engine.compile({ outputs: placeSumOfSquaresGraph(2) });
  const sums = engine.upload(Float32Array.of(5, 6, 7), [3]);
  const place = engine.upload(Float32Array.of(0, 1, 0), [3]);
  assert.deepEqual((await placed.run({ gradient: total, sums, place })).sums.data, Float32Array.of(5, 134, 7));
  for (const program of [squares, accumulate, placed]) await program.dispose();
});
