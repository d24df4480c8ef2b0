import assert from "node:assert/strict";
import { createEngine, type DeviceTensor, type Engine } from "../../lib/engine/mod.ts";
import { adamw8bitGraph, ADAMW_STEP_INPUTS, adamwStepValues, blocksOf } from "../../lib/kernels/mod.ts";
import { adamw8bit, gradientAt, initialParameter } from "../support/adamw_8bit_golden.ts";
import { assertClose, goldenTensors } from "../support/golden.ts";

const { options: { learningRate, betas: [beta1, beta2], eps: epsilon, weightDecay }, size, steps } = adamw8bit;
const OPTIONS = { beta1, beta2, epsilon };
const golden = await goldenTensors("adamw_8bit/steps.safetensors");

/** State of a tensor before its first step. */
function stateOf(engine: Engine, parameter: Float32Array, shape: readonly number[]): Record<string, DeviceTensor> {
  const blocks = blocksOf(shape);
  return {
    parameter: engine.upload(parameter, shape),
    firstCodes: engine.upload(new Uint8Array(blocks * 256).fill(127), [blocks, 256]),
    firstAbsmax: engine.upload(new Float32Array(blocks), [blocks, 1]),
    secondCodes: engine.upload(new Uint8Array(blocks * 256), [blocks, 256]),
    secondAbsmax: engine.upload(new Float32Array(blocks), [blocks, 1]),
  };
}

function scalarsAt(engine: Engine, t: number): Record<string, DeviceTensor> {
  const values = adamwStepValues(OPTIONS, { t, learningRate, weightDecay, clip: 1 });
  return Object.fromEntries(ADAMW_STEP_INPUTS.map((name) => [name, engine.upload(Float32Array.of(values[name]), [])]));
}

for (const device of ["cpu", "webgpu"] as const) {
  Deno.test({
    name:
      `adamw8bitGraph() equals a float64 AdamW that rounds to the nearest levels over 20 steps, codes exactly, on ${device}`,
    ignore: device === "webgpu" && Deno.env.get("KILN_WEBGPU") !== "1",
    fn: async () => {
      const engine = await createEngine({ device });
      const program = await engine.compile({ outputs: adamw8bitGraph(OPTIONS, [size]) });
      let state = stateOf(engine, initialParameter(), [size]);
      for (let t = 1; t <= steps; t++) {
        const feeds = { ...state, ...scalarsAt(engine, t), gradient: engine.upload(gradientAt(t), [size]) };
        state = await program.run(feeds);
        Object.values(feeds).forEach((tensor) => tensor.dispose());
        if (t !== 1 && t !== steps) continue;
        for (const [name, tensor] of Object.entries(state)) {
          const [values, expected] = [await engine.read(tensor), golden.get(`${t}.${name}`)!];
          if (name.endsWith("Codes")) {
            assert.deepEqual(Float32Array.from(values, Number), expected, `${name} after ${t}`);
          } else assertClose(values as Float32Array, expected, `${name} after ${t}`, 1e-6);
        }
      }
      // Its own CPU code rounds small numbers to levels that are not always the nearest.
      const parameter = await engine.read(state.parameter) as Float32Array;
      assertClose(parameter, golden.get(`${steps}.bitsandbytes`)!, "bitsandbytes", 1e-3);
      Object.values(state).forEach((tensor) => tensor.dispose());
      await engine.dispose();
    },
  });
}

Deno.test("adamw8bitGraph() updates in place, and a tensor of any shape as it does its numbers in a row", async () => {
  const engine = await createEngine({ threads: 1 });
  assert.equal(size, 12 * 371);
  const [row, table] = [initialParameter(), initialParameter()];
  const states = [stateOf(engine, row, [size]), stateOf(engine, table, [12, 371])];
  for (const state of states) {
    const { shape } = state.parameter;
    const program = await engine.compile({ outputs: adamw8bitGraph(OPTIONS, shape) });
    for (let t = 1; t <= 3; t++) {
      const gradient = engine.upload(gradientAt(t), shape);
      await program.run({ ...state, ...scalarsAt(engine, t), gradient }, state);
    }
  }
  assert.notDeepEqual(row, initialParameter());
  assert.deepEqual(table, row);
  for (const [name, { data }] of Object.entries(states[0])) assert.deepEqual(states[1][name].data, data, name);
  await engine.dispose();
});
