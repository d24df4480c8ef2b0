/** Merging an adapter into its model's weights. */
import type { CausalLM } from "../models/mod.ts";
import { carriedTables, loraNames, modulePath, putRows, TABLE_NAMES } from "../models/mod.ts";
import { addProduct } from "./add_product.ts";
import { type LoraAdapter, loraShapes } from "./lora.ts";

/**
 * Adds scaling B A to every corrected weight, in float64 before rounding, and puts the tables that the adapter carries in the
 * place of the model's. The model is changed for good; drop the adapter afterwards, or it counts twice. Decoders and samplers
 * that froze the weights before keep the old ones: make new ones.
 *
 * A view, from `modelWithTables` or `resizeEmbeddings`, gets weights of its own, and the model behind it stays as it is. To
 * save a model with new tokens, merge into the view and save that.
 *
 * @throws When the adapter lacks a factor or is of another model, its tables have another size than the model's, or the weights
 *   are not float32; nothing is changed then.
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
        adapter,
      );
      model.replaceWeight(name, await engine.store(merged, weight.shape));
    }
  }
  await mergeTables(model, adapter);
}

/** Puts copies of the adapter's tables, or of the model's with the adapter's rows in them, in the place of the model's. */
async function mergeTables(model: CausalLM, adapter: LoraAdapter): Promise<void> {
  const { config, engine } = model;
  const { embedding, head } = carriedTables(adapter, config);
  const factors = {
    [TABLE_NAMES.embed_tokens]: embedding,
    [TABLE_NAMES.lm_head]: config.tieWordEmbeddings ? null : head,
  };
  for (const [name, factor] of Object.entries(factors)) {
    if (factor === null) continue;
    const { shape } = model.weight(name);
    const carried = await engine.read(adapter.factors.get(factor)!) as Float32Array;
    const ids = adapter.trainableTokenIndices;
    const table = ids ? (await model.readWeight(name)).slice() : carried.slice();
    if (ids) putRows(table, carried, ids, shape[1]);
    model.replaceWeight(name, await engine.store(table, shape));
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
  model.checkTables(adapter);
  const { embedding, head } = carriedTables(adapter, model.config);
  if (!model.config.tieWordEmbeddings || embedding === head) return;
  throw new Error("the adapter takes the model's tied tables apart: merge it into modelWithTables(model, adapter)");
}
