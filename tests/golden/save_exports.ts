/**
 * Exports models of every family with adapters, and the house model, for `check_exports.py`:
 * `deno run -A tests/golden/save_exports.ts FOLDER`.
 *
 * Each case is a folder with the exports and what Kiln computes: `logits.safetensors`, and `expected.json` with the tokens of
 * texts and a rendered conversation.
 */
import { createLora, loadAdapter, type LoraOptions, modelWithTables, saveAdapter } from "../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { exportModel, openModelSource, textLogits } from "../../lib/formats/mod.ts";
import { PROBE_CHAT, PROBE_TEXTS, probeTokens } from "../../lib/formats/export/probe_texts.ts";
import { type CausalLM, loadModel, writeSafetensors } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import type { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { KINDS, withNewTokens, writeModel } from "../formats/exportable_model.ts";

const HOUSE = new URL("../../data/models/kiln-tiny", import.meta.url).pathname;

/** How adapters are made, and whether they bring tokens. */
const ADAPTERS: Readonly<Record<string, (ids: readonly number[]) => LoraOptions>> = {
  plain: () => ({}),
  rslora: () => ({ targetModules: ["q_proj", "v_proj"], useRslora: true }),
  new_tables: () => ({ modulesToSave: ["embed_tokens", "lm_head"] }),
  new_rows: (ids) => ({ trainableTokenIndices: ids }),
};

const [folder] = Deno.args;
const engine = await createEngine();
await exportAll("house", HOUSE, engine);
for (const [kind, config] of Object.entries(KINDS)) {
  const name = kind.replace(" ", "_");
  const base = `${folder}/${name}/base`;
  await writeModel(base, config, engine);
  await exportAll(name, base, engine);
}
await engine.dispose();

async function exportAll(name: string, base: string, engine: Engine): Promise<void> {
  const model = await loadModel(base, { engine });
  const { wider, tokenizer, ids } = await withNewTokens(model);
  for (const [kind, options] of Object.entries(ADAPTERS)) {
    const brings = kind.startsWith("new");
    const place = `${folder}/${name}/${kind}`;
    await writeRandomAdapter(brings ? wider : model, options(ids), `${place}/adapter`, base);
    if (brings) await tokenizer.save(`${place}/adapter`);
    const exports = [
      { to: "peft", output: "peft" },
      { to: "hf", dtype: "F32", output: "hf_f32" },
      { to: "hf", dtype: "F16", output: "hf_f16" },
      { to: "hf", dtype: "BF16", maxShardBytes: 400_000, output: "hf_bf16" },
    ] as const;
    for (const { output, ...how } of exports) {
      await exportModel({ source: `${place}/adapter`, ...how, output: `${place}/${output}`, engine });
    }
    await writeExpected(model, base, place);
    console.log(`${name}/${kind}`);
  }
  await wider.dispose();
  await model.dispose();
}

/** An adapter that changes the logits by about as much as training does. */
async function writeRandomAdapter(model: CausalLM, options: LoraOptions, folder: string, base: string): Promise<void> {
  const random = new Random(folder.split("/").slice(-2).join("/"));
  const adapter = await createLora(model, random, { r: 6, loraAlpha: 12, ...options });
  for (const tensor of adapter.factors.values()) {
    (tensor.data as Float32Array).forEach((value, at, all) => all[at] = value + 0.03 * random.normal());
  }
  await saveAdapter(model, adapter, folder, { baseModel: base });
  adapter.factors.forEach((factor) => factor.dispose());
}

async function writeExpected(model: CausalLM, base: string, place: string): Promise<void> {
  const source = await openModelSource({ model: base, adapter: `${place}/adapter` });
  const { tokenizer, config } = source;
  const ids = probeTokens(tokenizer, config.maxPositions);
  const adapter = await loadAdapter(model, `${place}/adapter`);
  const view = await modelWithTables(model, adapter);
  const data = await textLogits(view, ids, { adapter });
  await writeSafetensors(`${place}/logits.safetensors`, [
    { name: "logits", dtype: "F32", shape: [ids.length, config.vocabSize], data },
  ]);
  await Deno.writeTextFile(
    `${place}/expected.json`,
    JSON.stringify({ ids, eos: config.eosTokenIds, ...tokensOf(tokenizer) }),
  );
  source.close();
  await view.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
}

function tokensOf(tokenizer: Tokenizer) {
  return {
    texts: [...PROBE_TEXTS, "<think>a</think><begin_search>b<end_search><|im_end|>"].map((text) => ({
      text,
      ids: tokenizer.encode(text),
    })),
    chat: PROBE_CHAT,
    rendered: tokenizer.applyChatTemplate(PROBE_CHAT, { addGenerationPrompt: true }),
  };
}
