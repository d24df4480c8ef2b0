/** AdamW on TensorFlow.js, with moments in float32 and in 8 bits, whose codes are exact. */
import assert from "node:assert/strict";
import type { DeviceTensor, Engine } from "../../../lib/engine/mod.ts";
import { evaluate, ndarray, type Tensor } from "../../../lib/graph/mod.ts";
import { adamw8bitGraph, ADAMW_STEP_INPUTS, adamwGraph, adamwStepValues, blocksOf } from "../../../lib/kernels/mod.ts";
import { adamw8bit, gradientAt, initialParameter } from "../../support/adamw_8bit_golden.ts";
import { assertClose, goldenTensors } from "../../support/golden.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

const { options: { learningRate, betas: [beta1, beta2], eps: epsilon, weightDecay }, size, steps } = adamw8bit;
const OPTIONS = { beta1, beta2, epsilon };
const golden = await goldenTensors("adamw_8bit/steps.safetensors");

function stepValues(t: number) {
  return adamwStepValues(OPTIONS, { t, learningRate, weightDecay, clip: 1 });
}

/** Takes steps, each from the tensors that the one before made; `look` sees them after each. They are freed. */
async function takeSteps(
  engine: Engine,
  outputs: Record<string, Tensor>,
  state: Record<string, DeviceTensor>,
  look: (t: number, state: Record<string, DeviceTensor>) => Promise<void>,
): Promise<void> {
  const program = await engine.compile({ outputs });
  for (let t = 1; t <= steps; t++) {
    const values = stepValues(t);
    const feeds: Record<string, DeviceTensor> = { ...state, gradient: engine.upload(gradientAt(t), [size]) };
    for (const name of ADAMW_STEP_INPUTS) feeds[name] = engine.upload(Float32Array.of(values[name]), []);
    state = await program.run(feeds);
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    await look(t, state);
  }
  Object.values(state).forEach((tensor) => tensor.dispose());
  await program.dispose();
}

for (const [on, engine] of ENGINES) {
  Deno.test(`adamwGraph() with ${on} takes the steps of the reference`, () =>
    leavingNothing(engine, async () => {
      const names = ["parameter", "firstMoment", "secondMoment"];
      const outputs = adamwGraph(OPTIONS);
      let expected = [initialParameter(), new Float32Array(size), new Float32Array(size)].map((x) =>
        ndarray([size], x)
      );
      const state = Object.fromEntries(
        names.map((name, i) => [name, engine.upload(Float32Array.from(expected[i].data), [size])]),
      );
      await takeSteps(engine, outputs, state, async (t, state) => {
        const values = Object.entries(stepValues(t)).map(([name, value]) => [name, ndarray([], [value])]);
        const states = names.map((name, i) => [name, expected[i]]);
        expected = evaluate(names.map((name) => outputs[name]), {
          ...Object.fromEntries([...values, ...states]),
          gradient: ndarray([size], gradientAt(t)),
        });
        for (const [i, name] of names.entries()) {
          assertClose(await engine.read(state[name]) as Float32Array, Float32Array.from(expected[i].data), name, 1e-6);
        }
      });
    }));

  Deno.test(`adamw8bitGraph() with ${on} rounds to the codes of bitsandbytes' levels`, () =>
    leavingNothing(engine, async () => {
      const blocks = blocksOf([size]);
      const state = {
        parameter: engine.upload(initialParameter(), [size]),
        firstCodes: engine.upload(new Uint8Array(blocks * 256).fill(127), [blocks, 256]),
        firstAbsmax: engine.upload(new Float32Array(blocks), [blocks, 1]),
        secondCodes: engine.upload(new Uint8Array(blocks * 256), [blocks, 256]),
        secondAbsmax: engine.upload(new Float32Array(blocks), [blocks, 1]),
      };
      await takeSteps(engine, adamw8bitGraph(OPTIONS, [size]), state, async (t, state) => {
        if (t !== 1 && t !== steps) return;
        for (const [name, tensor] of Object.entries(state)) {
          const [values, expected] = [await engine.read(tensor), golden.get(`${t}.${name}`)!];
          if (name.endsWith("Codes")) {
            assert.deepEqual(Float32Array.from(values, Number), expected, `${name} after ${t}`);
          } else assertClose(values as Float32Array, expected, `${name} after ${t}`, 1e-6);
        }
      });
    }));
}
