/** PPO on WebGPU against the CPU: see tests/engine/webgpu_test.ts for where it runs. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { assertClose } from "../support/golden.ts";
import { TINY_MODEL } from "../support/tiny_model.ts";
import { drawnCritic, train } from "./ppo_runs.ts";

async function trainOn(engine: Engine, gradientCheckpointing: boolean) {
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const critic = await drawnCritic(model);
  const run = await train(model, { adapter, critic, gradientCheckpointing });
  await model.dispose();
  for (const { factors } of [adapter, critic]) factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0, `${engine.device}: all is freed`);
  return run;
}

Deno.test({
  name: "ppo() on WebGPU has the curve and ends with the factors that it has on the CPU",
  ignore: Deno.env.get("KILN_WEBGPU") !== "1",
  fn: async () => {
    const engines = [await createEngine({ device: "cpu" }), await createEngine({ device: "webgpu" })];
    const cpu = await trainOn(engines[0], true);
    for (const gradientCheckpointing of [true, false]) {
      const gpu = await trainOn(engines[1], gradientCheckpointing);
      for (const name of Object.keys(cpu.curve[0])) {
        const values = ({ curve }: typeof cpu) => curve.map((metrics) => metrics[name]);
        values(cpu).forEach((value, i) => {
          const difference = Math.abs(values(gpu)[i] - value);
          assert.ok(difference <= 1e-4 * Math.max(1, Math.abs(value)), `${name} ${i}: ${values(gpu)[i]}, CPU ${value}`);
        });
      }
      for (const [factor, values] of cpu.actor) assertClose(gpu.actor.get(factor)!, values, factor, 1e-4);
      for (const [factor, values] of cpu.critic) assertClose(gpu.critic.get(factor)!, values, factor, 1e-4);
    }
    for (const engine of engines) await engine.dispose();
  },
});
