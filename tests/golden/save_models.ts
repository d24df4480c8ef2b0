/**
 * Loads every golden model and adapter and saves them again into a folder, for `check_saved_models.py`:
 * `deno run -A tests/golden/save_models.ts FOLDER`.
 */
import { loadAdapter, saveAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel, resizeEmbeddings, saveModel } from "../../lib/models/mod.ts";

/** Models, and adapters for some of them. */
const MODELS: Record<string, readonly string[]> = {
  "qwen2_tiny/tied": ["lora/all_linear", "lora/qv_rslora"],
  "qwen2_tiny/untied": [],
  "qwen3_tiny/tied": ["qwen3_tiny/lora"],
  "llama_tiny/llama3": ["llama_tiny/lora"],
  "llama_tiny/biased": [],
};

/** Adapters with tables for 99 tokens, and the models they are for. */
const NEW_TOKENS = {
  "qwen2_tiny/tied": ["tied_tables", "apart_tables", "tied_rows"],
  "qwen2_tiny/untied": ["untied_tables", "untied_rows"],
};

const golden = new URL("./", import.meta.url).pathname;
const [folder] = Deno.args;
const engine = await createEngine();
for (const [name, adapters] of Object.entries(MODELS)) {
  const model = await loadModel(golden + name, { engine });
  await saveModel(model, `${folder}/${name}`, { dtype: "F32" });
  for (const adapter of adapters) {
    await saveAdapter(model, await loadAdapter(model, golden + adapter), `${folder}/${adapter}`, { baseModel: name });
  }
  await model.dispose();
}
for (const [name, adapters] of Object.entries(NEW_TOKENS)) {
  const base = await loadModel(golden + name, { engine });
  const model = await resizeEmbeddings(base, 99);
  for (const adapter of adapters) {
    const loaded = await loadAdapter(model, `${golden}new_tokens/${adapter}`);
    await saveAdapter(model, loaded, `${folder}/new_tokens/${adapter}`, { baseModel: name });
  }
  await model.dispose();
  await base.dispose();
}
await engine.dispose();
