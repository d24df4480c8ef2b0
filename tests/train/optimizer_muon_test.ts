import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { muonGraph, orthogonalized } from "../../lib/kernels/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { AdamW, pretrain, type TokenizedExample } from "../../lib/train/mod.ts";
import { assertClose, goldenJson } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { inFolder, numbersOf, randomExamples, withTinyModel } from "../support/tiny_model.ts";

type Matrices = Record<"wide" | "tall", number[][]>;
const golden = await goldenJson<{
  options: { learningRate: number; momentum: number; weightDecay: number };
  initial: Matrices;
  gradients: Matrices[];
  steps: Matrices[];
}>("muon/muon.json");
const NAMES = ["wide", "tall"] as const;

for (const device of ["cpu", "webgpu"] as const) {
  Deno.test({
    name: `AdamW with optim "muon" follows torch's Muon on ${device}`,
    ignore: device === "webgpu" && Deno.env.get("KILN_WEBGPU") !== "1",
    fn: async () => {
      const engine = await createEngine({ device });
      const { learningRate, momentum, weightDecay } = golden.options;
      const pathOf = (name: string) => `model.layers.0.${name}.weight`;
      const store = (matrix: number[][]) =>
        engine.store(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length]);
      const parameters = new Map();
      for (const name of NAMES) parameters.set(pathOf(name), await store(golden.initial[name]));
      const optimizer = new AdamW(engine, parameters, {
        optim: "muon",
        muonMomentum: momentum,
        weightDecay,
        maxGradNorm: 0,
      });
      for (const [step, expected] of golden.steps.entries()) {
        for (const name of NAMES) {
          await optimizer.addGradient(pathOf(name), await store(golden.gradients[step][name]));
        }
        await optimizer.step(learningRate);
        for (const name of NAMES) {
          const numbers = await engine.read(parameters.get(pathOf(name))) as Float32Array;
          assertClose(numbers, expected[name].flat(), `${name} after step ${step + 1}`);
        }
      }
      assert.deepEqual([...optimizer.moments.values()].map((moments) => Object.keys(moments)), [["momentum"], [
        "momentum",
      ]]);
      parameters.forEach((tensor) => tensor.dispose());
      await optimizer.dispose();
      assert.equal(engine.bytesInUse, 0);
    },
  });
}

Deno.test("muonGraph() equals torch's Muon in the reference", () => {
  const { learningRate, momentum, weightDecay } = golden.options;
  for (const name of NAMES) {
    const shape = [golden.initial[name].length, golden.initial[name][0].length];
    const outputs = muonGraph(momentum, shape);
    let state = { parameter: ndarray(shape, golden.initial[name].flat()), momentum: ndarray(shape) };
    for (const [step, expected] of golden.steps.entries()) {
      const [parameter, after] = evaluate([outputs.parameter, outputs.momentum], {
        ...state,
        gradient: ndarray(shape, golden.gradients[step][name].flat()),
        clip: ndarray([], [1]),
        decay: ndarray([], [1 - learningRate * weightDecay]),
        learningRate: ndarray([], [learningRate]),
      });
      state = { parameter, momentum: after };
      // The graph's constants are float32 numbers.
      assertClose(parameter.data, expected[name].flat(), `${name} after step ${step + 1}`, 1e-5);
    }
  }
});

Deno.test("orthogonalized() brings all singular values near 1, also of a tall matrix and of one with tiny numbers", () => {
  const random = new Random("muon");
  for (const [rows, columns, scale] of [[4, 9, 1], [9, 4, 1], [5, 5, 1e-3]]) {
    const matrix = ndarray([rows, columns], Array.from({ length: rows * columns }, () => scale * random.normal()));
    const graph = new Graph();
    const [result] = evaluate([orthogonalized(graph.input("x", [rows, columns]))], { x: matrix });
    assert.deepEqual(result.shape, [rows, columns]);
    const small = Math.min(rows, columns);
    // Of the smaller side's product with itself, the trace is the sum of squared singular values.
    const squares = result.data.reduce((sum, value) => sum + value * value, 0);
    assert.ok(squares > 0.4 * small && squares < 1.6 * small, `${rows} x ${columns}: ${squares}`);
  }
});

Deno.test('optim "muon" leaves tables, norms and biases to AdamW', () =>
  withTinyModel(async (model) => {
    const optimizer = new AdamW(model.engine, model.weights, { optim: "muon" });
    for (const [name, weight] of model.weights) {
      await optimizer.addGradient(
        name,
        await model.engine.store(new Float32Array(weight.data!.length).fill(1), weight.shape),
      );
    }
    await optimizer.step(1e-3);
    for (const [name, moments] of optimizer.moments) {
      const isMatrixOfLayer = name.includes("layers.") && model.weights.get(name)!.shape.length === 2;
      assert.deepEqual(Object.keys(moments), isMatrixOfLayer ? ["momentum"] : ["firstMoment", "secondMoment"], name);
    }
    await optimizer.dispose();
  }));

Deno.test('pretrain() with optim "muon" resumed from a checkpoint goes on bit for bit', () =>
  inFolder(async (folder) => {
    const documents: TokenizedExample[] = randomExamples(60, "muon");
    const run = async (outputDir: string, stopAfter: number, resumeFromCheckpoint: boolean) => {
      const losses: number[] = [];
      let weights = new Map<string, Float32Array>();
      await withTinyModel(async (model) => {
        for await (
          const { step, metrics } of pretrain({
            model,
            documents,
            maxSteps: 6,
            perDeviceTrainBatchSize: 2,
            maxLength: 24,
            optim: "muon",
            outputDir,
            saveSteps: 2,
            resumeFromCheckpoint,
          })
        ) {
          losses.push(metrics.loss);
          if (step === stopAfter) break;
        }
        weights = await numbersOf(model, model.weights);
      });
      return { losses, weights };
    };
    const whole = await run(`${folder}/whole`, Infinity, false);
    await run(`${folder}/parts`, 5, false); // stopped in step 5, after the checkpoint of step 4
    const rest = await run(`${folder}/parts`, Infinity, true);
    assert.deepEqual(rest.losses, whole.losses.slice(4));
    assertSameNumbers(rest.weights, whole.weights, "weights");
  }));

Deno.test("AdamW refuses a muonMomentum that is out of range, and an optim it does not know", async () => {
  const engine = await createEngine({ threads: 1 });
  assert.throws(() => new AdamW(engine, new Map(), { muonMomentum: 1 }), /muonMomentum: expected a number from 0/);
  assert.throws(
    () => new AdamW(engine, new Map(), { optim: "sgd" as "muon" }),
    /optim: expected "adamw", "adamw8bit" or "muon"/,
  );
});
