/** Adapters on disk exactly as PEFT keeps them: `adapter_model.safetensors` and `adapter_config.json`. */
import { z } from "zod";
import { writeFileAtomic } from "../files/mod.ts";
import {
  type CausalLM,
  LINEAR_MODULES,
  type LinearModule,
  linearShape,
  loraNames,
  modulePath,
  openSafetensors,
  writeSafetensors,
} from "../models/mod.ts";
import { type LoraAdapter, loraScaling } from "./lora.ts";

/** PEFT wraps the model twice: each tensor's name starts with this. */
const PREFIX = "base_model.model.";

/** `model.layers.0.mlp.up_proj.lora_A` here is `base_model.model.model.layers.0.mlp.up_proj.lora_A.weight` in the file. */
const tensorName = (factor: string) => `${PREFIX}${factor}.weight`;

const configSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  lora_dropout: z.number().default(0),
  target_modules: z.union([z.string(), z.array(z.string())]),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  bias: z.string().default("none"),
  fan_in_fan_out: z.boolean().default(false),
  modules_to_save: z.array(z.string()).nullish(),
  rank_pattern: z.record(z.string(), z.unknown()).nullish(),
  alpha_pattern: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Writes an adapter into a folder, which is made if needed. Python's `PeftModel.from_pretrained` loads it.
 *
 * @param options.baseModel What the adapter belongs to: the name or folder that PEFT should load as the base.
 */
export async function saveAdapter(
  model: CausalLM,
  adapter: LoraAdapter,
  folder: string,
  options: { baseModel: string },
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const tensors = [];
  for (const [name, factor] of adapter.factors) {
    const data = await model.engine.read(factor) as Float32Array;
    tensors.push({ name: tensorName(name), dtype: "F32" as const, shape: [...factor.shape], data });
  }
  await writeSafetensors(`${folder}/adapter_model.safetensors`, tensors, { format: "pt" });
  const config: Record<string, unknown> = {
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
    modules_to_save: null,
    peft_type: "LORA",
    r: adapter.r,
    rank_pattern: {},
    revision: null,
    target_modules: [...adapter.modules],
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: adapter.useRslora,
  };
  await writeFileAtomic(`${folder}/adapter_config.json`, JSON.stringify(config, null, 2) + "\n");
}

/**
 * Loads an adapter that PEFT or Kiln wrote.
 *
 * @throws When the configuration asks for something that would be computed wrongly (DoRA, biases, ranks by pattern), or a
 *   tensor is missing or does not fit the model; the message names the file.
 */
export async function loadAdapter(model: CausalLM, folder: string): Promise<LoraAdapter> {
  const path = `${folder}/adapter_config.json`;
  const fail = (reason: string): never => {
    throw new Error(`${path}: ${reason}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    return fail(`cannot be read (${(error as Error).message}); expected a folder that PEFT or Kiln saved`);
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`field "${issue.path.join(".")}": ${issue.message}`);
  }
  const config = parsed.data;
  if (config.use_dora) fail("use_dora is not supported; expected false");
  if (config.bias !== "none") fail(`bias "${config.bias}" is not supported; expected "none"`);
  if (config.fan_in_fan_out) fail("fan_in_fan_out is not supported; expected false");
  if (config.modules_to_save?.length) fail(`modules_to_save ${config.modules_to_save} is not supported; expected none`);
  for (const field of ["rank_pattern", "alpha_pattern"] as const) {
    if (Object.keys(config[field] ?? {}).length > 0) fail(`${field} is not supported; expected {}`);
  }
  const modules = targetModules(config.target_modules, fail);
  const options = { r: config.r, loraAlpha: config.lora_alpha, useRslora: config.use_rslora };

  const file = await openSafetensors(`${folder}/adapter_model.safetensors`);
  const factors: LoraAdapter["factors"] = new Map();
  try {
    for (let layer = 0; layer < model.config.layers; layer++) {
      for (const module of modules) {
        const [outputs, inputs] = linearShape(model.config, module);
        const { a, b } = loraNames(module);
        for (const [name, shape] of [[a, [config.r, inputs]], [b, [outputs, config.r]]] as const) {
          const factor = `model.layers.${layer}.${name}`;
          const info = file.info(tensorName(factor));
          if (info.shape.join() !== shape.join()) {
            throw new Error(
              `${file.path}: tensor "${info.name}" is [${info.shape}], but the model and r ${config.r} ask for [${shape}]`,
            );
          }
          factors.set(factor, await model.engine.store(await file.readF32(info.name), shape));
        }
      }
    }
    const extra = file.names.find((name) => !factors.has(name.slice(PREFIX.length).replace(/\.weight$/, "")));
    if (extra) throw new Error(`${file.path}: tensor "${extra}" belongs to no layer of the model`);
  } finally {
    file.close();
  }
  return { modules, factors, ...options, scaling: loraScaling(options) };
}

function targetModules(wanted: string | readonly string[], fail: (reason: string) => never): LinearModule[] {
  if (wanted === "all-linear") return [...LINEAR_MODULES];
  // Names may be given with their path ("self_attn.q_proj") or alone.
  const matches = (module: LinearModule, name: string) => name === module || name === modulePath(module);
  const list = typeof wanted === "string" ? [wanted] : wanted;
  for (const name of list) {
    if (!LINEAR_MODULES.some((module) => matches(module, name))) {
      fail(`target module "${name}" is not supported; expected some of ${LINEAR_MODULES.join(", ")}`);
    }
  }
  return LINEAR_MODULES.filter((module) => list.some((name) => matches(module, name)));
}
