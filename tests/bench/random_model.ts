/** Models that are measured: no speed depends on what their weights are. */
import type { DeviceTensor, Engine } from "../../lib/engine/mod.ts";
import { CausalLM, type ModelConfig, storeWeight, weightForm, weightShapes } from "../../lib/models/mod.ts";
import { randomNumbers } from "./random_data.ts";

/** A model whose weights repeat: half a billion different numbers would take longer to draw than the measurement does. */
export async function randomModel(config: ModelConfig, engine: Engine): Promise<CausalLM> {
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    const count = shape.reduce((a, b) => a * b);
    const data = name.endsWith("norm.weight") ? new Float32Array(count).fill(1) : randomNumbers(count, 0.05);
    await storeWeight(engine, weights, name, shape, data, weightForm(name, shape, config));
  }
  return new CausalLM(engine, config, weights);
}
