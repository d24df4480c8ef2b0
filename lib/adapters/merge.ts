/** Merging an adapter into its model's weights. */
import type { CausalLM } from "../models/mod.ts";
import { loraNames, modulePath } from "../models/mod.ts";
import { type LoraAdapter, loraShapes } from "./lora.ts";

/**
 * Adds scaling B A to every corrected weight, in float64 before rounding. The model is changed for good; drop the adapter
 * afterwards, or it counts twice. Decoders and samplers that froze the weights before keep the old ones: make new ones.
 *
 * @throws When the adapter lacks a factor or is of another model, or the weights are not float32; nothing is changed then.
 */
export async function mergeAdapter(model: CausalLM, adapter: LoraAdapter): Promise<void> {
  const { engine } = model;
  checkFits(model, adapter);
  model.needFullPrecision("merging an adapter");
  for (let layer = 0; layer < model.config.layers; layer++) {
    for (const module of adapter.modules) {
      const name = `model.layers.${layer}.${modulePath(module)}.weight`;
      const weight = model.weight(name);
      const { a, b } = loraNames(module);
      const factor = async (short: string) =>
        await engine.read(adapter.factors.get(`model.layers.${layer}.${short}`)!) as Float32Array;
      const merged = addProduct(
        await engine.read(weight) as Float32Array,
        await factor(a),
        await factor(b),
        adapter.r,
        adapter.scaling,
      );
      model.weights.set(name, await engine.store(merged, weight.shape));
      weight.dispose();
    }
  }
}

/** Throws when the adapter has no factor for a layer of the model, or one of another shape. */
function checkFits(model: CausalLM, adapter: LoraAdapter): void {
  for (const [name, shape] of loraShapes(model.config, adapter)) {
    const found = adapter.factors.get(name);
    if (found?.shape.join() === shape.join()) continue;
    const got = found ? `is [${found.shape.join(", ")}]` : "is missing";
    throw new Error(`the adapter's "${name}" ${got}; the model asks for [${shape.join(", ")}]`);
  }
}

/** weight [out, in] + scaling b [out, r] a [r, in], as a new array. */
function addProduct(
  weight: Float32Array,
  a: Float32Array,
  b: Float32Array,
  r: number,
  scaling: number,
): Float32Array<ArrayBuffer> {
  const inputs = a.length / r;
  const merged = new Float32Array(weight.length);
  const row = new Float64Array(inputs);
  for (let out = 0; out < weight.length / inputs; out++) {
    row.fill(0);
    for (let k = 0; k < r; k++) {
      const factor = b[out * r + k] * scaling;
      for (let i = 0; i < inputs; i++) row[i] += factor * a[k * inputs + i];
    }
    for (let i = 0; i < inputs; i++) merged[out * inputs + i] = weight[out * inputs + i] + row[i];
  }
  return merged;
}
