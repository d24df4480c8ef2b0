/** Adapters on disk exactly as PEFT keeps them: `adapter_model.safetensors` and `adapter_config.json`. */
import { writeFileAtomic, writeFilesTogether, type WriteOptions } from "../files/mod.ts";
import { type CausalLM, isTableFactor, writeSafetensors } from "../models/mod.ts";
import { openAdapter } from "./adapter_file.ts";
import type { LoraAdapter } from "./lora.ts";
import { adapterTensorName, tableFields, tableTensors } from "./peft_tables.ts";

/**
 * Writes an adapter into a folder, which is made if needed. Python's `PeftModel.from_pretrained` loads it. Other files in
 * the folder stay; an earlier adapter is replaced as a whole.
 *
 * @param options.baseModel What the adapter belongs to: the name or folder that PEFT should load as the base.
 * @throws {DiskFullError} when the disk is full; as after every failure, an earlier adapter is then still there
 */
export async function saveAdapter(
  model: CausalLM,
  adapter: LoraAdapter,
  folder: string,
  options: { baseModel: string } & Pick<WriteOptions, "fileSystem">,
): Promise<void> {
  const { fileSystem } = options;
  const standing = await Deno.stat(folder).catch(() => null);
  if (standing?.isFile) throw new Error(`${folder} is a file: expected a folder for the adapter`);
  const names = [...adapter.factors.keys()].filter((name) => !isTableFactor(name)).map((name) => [name, name]);
  const tensors = [...names, ...tableTensors(model, adapter)].map(([name, factor]) => {
    const tensor = adapter.factors.get(factor)!;
    return {
      name: adapterTensorName(name),
      dtype: "F32" as const,
      shape: [...tensor.shape],
      data: async () => await model.engine.read(tensor) as Float32Array,
    };
  });
  const fields: Record<string, unknown> = {
    ...tableFields(model, adapter),
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: options.baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: adapter.loraAlpha,
    lora_dropout: 0,
    peft_type: "LORA",
    r: adapter.r,
    rank_pattern: {},
    revision: null,
    target_modules: [...adapter.modules],
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: adapter.useRslora,
  };
  const config = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1));
  await writeFilesTogether(folder, async (inside) => {
    await writeSafetensors(`${inside}/adapter_model.safetensors`, tensors, { format: "pt" }, { fileSystem });
    const text = JSON.stringify(config, null, 2) + "\n";
    await writeFileAtomic(`${inside}/adapter_config.json`, text, { fileSystem });
  }, { fileSystem });
}

/**
 * Loads an adapter that PEFT or Kiln wrote. Tables that it carries may have more rows than the model's: use it with the view that
 * `modelWithTables` gives.
 *
 * @throws When the configuration asks for something that would be computed wrongly (DoRA, biases, ranks by pattern), or a
 *   tensor is missing or does not fit the model; the message names the file.
 */
export async function loadAdapter(model: CausalLM, folder: string): Promise<LoraAdapter> {
  const { factors: shapes, read, close, baseModel: _, ...adapter } = await openAdapter(model, folder);
  const factors: LoraAdapter["factors"] = new Map();
  try {
    for (const [factor, { shape }] of shapes) factors.set(factor, await model.engine.store(await read(factor), shape));
  } catch (error) {
    factors.forEach((factor) => factor.dispose());
    throw error;
  } finally {
    close();
  }
  return { ...adapter, factors };
}
