/** Adapters on disk exactly as PEFT keeps them: `adapter_model.safetensors` and `adapter_config.json`. */
import { z } from "zod";
import { writeFileAtomic, writeFilesTogether, type WriteOptions } from "../files/mod.ts";
import {
  type CausalLM,
  isTableFactor,
  LINEAR_MODULES,
  type LinearModule,
  modulePath,
  openSafetensors,
  type TensorSource,
  writeSafetensors,
} from "../models/mod.ts";
import { type LoraAdapter, loraScaling, loraShapes } from "./lora.ts";
import { PREFIX, tableFields, tableFieldsSchema, tablesInFile, tableTensors } from "./peft_tables.ts";

/**
 * `model.layers.0.mlp.up_proj.lora_A` here is `base_model.model.model.layers.0.mlp.up_proj.lora_A.weight` in the file; tables keep
 * their names behind the prefix.
 */
export function adapterTensorName(factor: string): string {
  return PREFIX + (isTableFactor(factor) ? factor : `${factor}.weight`);
}

const configSchema = z.looseObject({
  peft_type: z.string(),
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  target_modules: z.union([z.string(), z.array(z.string())]),
  use_rslora: z.boolean().default(false),
  bias: z.string().default("none"),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  ...tableFieldsSchema,
});

/** Fields of PEFT's LoraConfig that change what an adapter computes: each must be absent, null, false or empty. */
const UNSUPPORTED_FIELDS = [
  "use_dora",
  "fan_in_fan_out",
  "rank_pattern",
  "alpha_pattern",
  "layers_to_transform",
  "layers_pattern",
  "layer_replication",
  "exclude_modules",
  "lora_bias",
  "target_parameters",
  "alora_invocation_tokens",
  "use_qalora",
  "use_bdlora",
  "arrow_config",
  "kasa_config",
  "monteclora_config",
  "velora_config",
];

/** Ways to begin that leave the base model alone; others (pissa, olora, loftq ...) belong to a changed base. */
const PLAIN_STARTS: unknown[] = [undefined, null, true, false, "gaussian", "eva", "orthogonal"];

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
  const path = `${folder}/adapter_config.json`;
  const { modules, tables: fields, ...options } = await readAdapterConfig(path);
  const file = await openSafetensors(`${folder}/adapter_model.safetensors`);
  const factors: LoraAdapter["factors"] = new Map();
  let trainableTokenIndices: readonly number[] | undefined;
  try {
    const shapes = loraShapes(model.config, { modules, r: options.r });
    // All shapes are checked before the first factor is read.
    for (const [factor, shape] of shapes) checkTensor(file, adapterTensorName(factor), shape, options.r);
    const tables = await tablesInFile(model, file, fields, (reason) => failAt(path, reason));
    trainableTokenIndices = tables.trainableTokenIndices;
    const all = new Map<string, readonly number[]>([...shapes, ...tables.shapes]);
    const expected = new Set([...all.keys()].map(adapterTensorName));
    const extra = file.names.find((name) => !expected.has(name) && !tables.passedOver.has(name));
    if (extra) {
      throw new Error(
        `${file.path}: tensor ${shown(extra)} belongs to none of the model's layers that adapter_config.json names`,
      );
    }
    for (const [factor, shape] of all) {
      factors.set(factor, await model.engine.store(await file.readF32(adapterTensorName(factor)), shape));
    }
  } catch (error) {
    factors.forEach((factor) => factor.dispose());
    throw error;
  } finally {
    file.close();
  }
  const adapter = { modules, factors, ...options, scaling: loraScaling(options) };
  return trainableTokenIndices ? { ...adapter, trainableTokenIndices } : adapter;
}

function failAt(path: string, reason: string): never {
  throw new Error(`${path}: ${reason}`);
}

/** Reads what an adapter is, and refuses what would be computed wrongly. */
async function readAdapterConfig(path: string) {
  const fail = (reason: string): never => failAt(path, reason);
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    return fail(`cannot be read (${(error as Error).message}); expected a folder that PEFT or Kiln saved`);
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue.path.length === 0 ? "" : `field "${issue.path.join(".")}": `;
    return fail(where + issue.message);
  }
  const config = parsed.data;
  if (config.peft_type !== "LORA") fail(`peft_type ${shown(config.peft_type)} is not supported; expected "LORA"`);
  if (config.bias !== "none") fail(`bias ${shown(config.bias)} is not supported; expected "none"`);
  for (const field of UNSUPPORTED_FIELDS) {
    if (isSet(config[field])) fail(`${field} ${shown(config[field])} is not supported; expected it unset`);
  }
  if (!PLAIN_STARTS.includes(config.init_lora_weights)) {
    const start = shown(config.init_lora_weights);
    fail(`init_lora_weights ${start} changes the base model; convert it to a plain LoRA with PEFT`);
  }
  const modules = targetModules(config.target_modules, fail);
  return { modules, r: config.r, loraAlpha: config.lora_alpha, useRslora: config.use_rslora, tables: config };
}

/** A value of the file in a message: as JSON, and never long. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

/** Whether a field of the configuration asks for something: null, false and empty lists and objects do not. */
function isSet(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.keys(value).length > 0;
}

function checkTensor(file: TensorSource, name: string, expected: readonly number[], r: number): void {
  const asks = `the model and r ${r} ask for one of [${expected.join(", ")}]; was the adapter made for another model?`;
  if (!file.has(name)) throw new Error(`${file.path}: there is no tensor "${name}", but ${asks}`);
  const { shape } = file.info(name);
  if (shape.join() === expected.join()) return;
  throw new Error(`${file.path}: tensor "${name}" is ${shown(shape).replaceAll(",", ", ")}, but ${asks}`);
}

function targetModules(wanted: string | readonly string[], fail: (reason: string) => never): LinearModule[] {
  if (wanted === "all-linear") return [...LINEAR_MODULES];
  // Names may be given alone, with their path ("self_attn.q_proj"), or in full, as PEFT 0.21 writes "all-linear"; a layer
  // that is then not named has no factors in the file, and is missed there.
  const matches = (module: LinearModule, name: string) => {
    const inBlock = name.replace(/^(model\.)?layers\.\d+\./, "");
    return inBlock === module || inBlock === modulePath(module);
  };
  const list = typeof wanted === "string" ? [wanted] : wanted;
  for (const name of list) {
    if (!LINEAR_MODULES.some((module) => matches(module, name))) {
      fail(`target module ${shown(name)} is not supported; expected some of ${LINEAR_MODULES.join(", ")}`);
    }
  }
  return LINEAR_MODULES.filter((module) => list.some((name) => matches(module, name)));
}
