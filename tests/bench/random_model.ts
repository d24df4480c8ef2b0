/** Models that are measured: no speed depends on what their weights are. */
import type { DeviceTensor, Engine } from "../../lib/engine/mod.ts";
import {
  CausalLM,
  configJson,
  type ModelConfig,
  storeWeight,
  weightForm,
  weightShapes,
  writeCheckpoint,
} from "../../lib/models/mod.ts";
import { randomNumbers } from "./random_data.ts";

/** A model whose weights repeat: half a billion different numbers would take longer to draw than the measurement does. */
export async function randomModel(config: ModelConfig, engine: Engine): Promise<CausalLM> {
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    await storeWeight(engine, weights, name, shape, randomWeight(name, shape), weightForm(name, shape, config));
  }
  return new CausalLM(engine, config, weights);
}

/** A checkpoint as it is published: bf16 in one file, written tensor by tensor. */
export async function writeRandomFolder(folder: string, config: ModelConfig): Promise<void> {
  const tensors = Object.entries(weightShapes(config)).map(([name, shape]) => ({
    name,
    dtype: "BF16" as const,
    shape: [...shape],
    data: () => Promise.resolve(randomWeight(name, shape)),
  }));
  await writeCheckpoint(folder, tensors, { metadata: { format: "pt" } });
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(configJson(config)));
}

function randomWeight(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const count = shape.reduce((a, b) => a * b);
  return name.endsWith("norm.weight") ? new Float32Array(count).fill(1) : randomNumbers(count, 0.05);
}
