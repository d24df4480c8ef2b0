/** adapter_config.json: what an adapter is. */
import { z } from "zod";
import { LINEAR_MODULES, type LinearModule, modulePath } from "../models/mod.ts";
import { tableFieldsSchema } from "./peft_tables.ts";

const configSchema = z.looseObject({
  base_model_name_or_path: z.string().nullish(),
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

/** Throws, with the configuration's path before the reason. */
export function failAt(path: string, reason: string): never {
  throw new Error(`${path}: ${reason}`);
}

/** Reads what an adapter is. Throws where it would be computed wrongly, naming the field. */
export async function readAdapterConfig(path: string) {
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
  return {
    modules,
    r: config.r,
    loraAlpha: config.lora_alpha,
    useRslora: config.use_rslora,
    tables: config,
    baseModel: config.base_model_name_or_path ?? null,
  };
}

/** A value of a file in a message: as JSON, and never long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

/** Whether a field of the configuration asks for something: null, false and empty lists and objects do not. */
function isSet(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.keys(value).length > 0;
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
