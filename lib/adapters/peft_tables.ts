/**
 * Token table and head in an adapter's files, as PEFT 0.21 keeps them.
 *
 * | adapter_config.json | adapter_model.safetensors, each after `base_model.model.` |
 * | --- | --- |
 * | `modules_to_save` | `model.embed_tokens.weight`, `lm_head.weight`; tied (`ensure_weight_tying`): both, with the same numbers |
 * | `trainable_token_indices` | `model.embed_tokens.token_adapter.trainable_tokens_delta` [tokens, hidden], `lm_head...` where not tied |
 *
 * The delta holds the rows themselves, not their difference. Where the vocabulary was resized PEFT writes copies besides, of the
 * whole tables and of the base's; they say nothing that the tensors above do not, and are passed over.
 */
import { z } from "zod";
import {
  carriedTables,
  type CausalLM,
  isTableFactor,
  type ModelConfig,
  rowsFactor,
  TABLE_MODULES,
  TABLE_NAMES,
  tableFactor,
  type TableModule,
  tableNames,
  type TensorSource,
} from "../models/mod.ts";
import type { AdapterBase } from "./adapter_file.ts";
import type { LoraAdapter } from "./lora.ts";

/** PEFT wraps the model twice: each tensor's name starts with this. */
export const PREFIX = "base_model.model.";

/**
 * `model.layers.0.mlp.up_proj.lora_A` here is `base_model.model.model.layers.0.mlp.up_proj.lora_A.weight` in the file; tables keep
 * their names behind the prefix.
 */
export function adapterTensorName(factor: string): string {
  return PREFIX + (isTableFactor(factor) ? factor : `${factor}.weight`);
}

/** The fields of adapter_config.json that say what is carried. */
export const tableFieldsSchema = {
  modules_to_save: z.array(z.string()).nullish(),
  trainable_token_indices: z.union([
    z.array(z.int().nonnegative()),
    z.record(z.string(), z.array(z.int().nonnegative())),
  ]).nullish(),
  ensure_weight_tying: z.boolean().nullish(),
};

type TableFields = z.infer<z.ZodObject<typeof tableFieldsSchema>>;

/** These fields for an adapter. */
export function tableFields({ config }: CausalLM, adapter: LoraAdapter): TableFields {
  const ids = adapter.trainableTokenIndices;
  const nameOf = ids ? rowsFactor : tableFactor;
  const modules = TABLE_MODULES.filter((module) => adapter.factors.has(nameOf(module)));
  if (modules.length === 0) return { modules_to_save: null };
  if (!ids) return { modules_to_save: modules, ensure_weight_tying: config.tieWordEmbeddings && modules.length === 1 };
  const own = Object.fromEntries(modules.map((module) => [module, [...ids]]));
  return { modules_to_save: null, trainable_token_indices: modules.length === 1 ? [...ids] : own };
}

/** The adapter's tensors by their names in the file without the prefix; one that stands for two tables comes twice. */
export function tableTensors({ config }: CausalLM, adapter: LoraAdapter): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of adapter.factors.keys()) if (isTableFactor(name)) names.set(name, name);
  const { embedding, head } = carriedTables(adapter, config);
  if (head !== null && head === embedding && !adapter.trainableTokenIndices) names.set(TABLE_NAMES.lm_head, head);
  return names;
}

/** What is carried, as the files say it. */
export interface TablesInFile {
  /** Shapes of the tensors to read, by the names of the factors. */
  shapes: Map<string, readonly number[]>;
  trainableTokenIndices?: readonly number[];
  /** Tensors of the file that need not be read. */
  passedOver: ReadonlySet<string>;
}

/**
 * Finds the tables in an adapter's files.
 *
 * @param fail Throws with the configuration's path before the reason.
 * @throws When a table is missing or does not have the model's hidden size, or the files ask for what this code would compute
 *   wrongly.
 */
export async function tablesInFile(
  model: AdapterBase,
  file: TensorSource,
  fields: TableFields,
  fail: (reason: string) => never,
): Promise<TablesInFile> {
  const { tieWordEmbeddings: tied } = model.config;
  const saved = modulesOf(fields.modules_to_save ?? [], "modules_to_save", fail);
  const ids = tokensOf(fields, model.config, fail);
  const copies = TABLE_MODULES.flatMap((module) => {
    const path = PREFIX + TABLE_NAMES[module].replace(/\.weight$/, "");
    return [
      `${path}.original_module.weight`,
      `${path}.modules_to_save.weight`,
      `${path}.token_adapter.base_layer.weight`,
    ];
  });
  const passedOver = new Set(copies.filter((name) => file.has(name)));
  if (ids) {
    if (saved.length > 0) fail("modules_to_save together with trainable_token_indices is not supported");
    const modules = TABLE_MODULES.filter((module) => ids.modules.includes(module) && !(tied && module === "lm_head"));
    const shapes = new Map(modules.map((module) => [rowsFactor(module), [ids.ids.length, model.config.hiddenSize]]));
    checkShapes(file, shapes);
    if (!tied && !ids.modules.includes("lm_head") && file.has(PREFIX + TABLE_NAMES.lm_head)) {
      fail("trainable_token_indices of embed_tokens alone is not supported where the head was resized too: train both");
    }
    await checkBaseRows(model, file, ids.ids);
    const tables = TABLE_MODULES.map((module) => PREFIX + TABLE_NAMES[module]);
    const tiedCopy = PREFIX + rowsFactor("lm_head");
    for (const name of tied ? [...tables, tiedCopy] : tables) if (file.has(name)) passedOver.add(name);
    return { shapes, trainableTokenIndices: ids.ids, passedOver };
  }
  // Tables that are there without being named were resized and not trained; the new rows are needed all the same.
  const found = TABLE_MODULES.filter((module) => saved.includes(module) || file.has(PREFIX + tableFactor(module)));
  if (found.length === 0) return { shapes: new Map(), passedOver };
  const staysTied = tied && (fields.ensure_weight_tying === true || saved.length === 0);
  if (tied && !staysTied && saved.length === 1) {
    fail(
      `modules_to_save ${
        JSON.stringify(fields.modules_to_save)
      } is not supported for a model with tied tables, which it ` +
        "would take apart; expected ensure_weight_tying true, or both tables",
    );
  }
  const modules = staysTied ? TABLE_MODULES.slice(0, 1) : found;
  if (staysTied && file.has(PREFIX + TABLE_NAMES.lm_head)) passedOver.add(PREFIX + TABLE_NAMES.lm_head);
  const first = PREFIX + tableFactor(modules[0]);
  const rows = file.has(first) ? file.info(first).shape[0] : model.config.vocabSize;
  const shapes = new Map(modules.map((module) => [tableFactor(module), [rows, model.config.hiddenSize]]));
  checkShapes(file, shapes);
  return { shapes, passedOver };
}

function modulesOf(names: readonly string[], field: string, fail: (reason: string) => never): TableModule[] {
  return names.map((name) => {
    const module = TABLE_MODULES.find((module) => name === module || `${name}.weight` === TABLE_NAMES[module]);
    const all = JSON.stringify(names);
    return module ?? fail(`${field} ${all} is not supported; expected some of ${TABLE_MODULES.join(", ")}`);
  });
}

/** The tokens whose rows are carried, and of which tables. */
function tokensOf(
  { trainable_token_indices: wanted }: TableFields,
  { tieWordEmbeddings }: ModelConfig,
  fail: (reason: string) => never,
): { ids: readonly number[]; modules: readonly TableModule[] } | null {
  if (!wanted || Object.keys(wanted).length === 0) return null;
  if (Array.isArray(wanted)) return { ids: wanted, modules: tieWordEmbeddings ? TABLE_MODULES : ["embed_tokens"] };
  const lists = Object.values(wanted);
  const modules = modulesOf(Object.keys(wanted), "trainable_token_indices of", fail);
  if (new Set(lists.map(String)).size > 1 || (tieWordEmbeddings && !modules.includes("embed_tokens"))) {
    fail("trainable_token_indices is not supported with other tokens in one table than in the other");
  }
  return { ids: lists[0], modules };
}

function checkShapes(file: TensorSource, shapes: ReadonlyMap<string, readonly number[]>): void {
  for (const [factor, expected] of shapes) {
    const name = PREFIX + factor;
    const asks = `expected one of [${expected.join(", ")}]; was the adapter made for another model?`;
    if (!file.has(name)) throw new Error(`${file.path}: there is no tensor "${name}"; ${asks}`);
    const { shape } = file.info(name);
    if (shape.join() === expected.join()) continue;
    throw new Error(`${file.path}: tensor "${name}" is [${shape.join(", ").slice(0, 100)}]; ${asks}`);
  }
}

/** The base's tables, where PEFT wrote them beside the rows, must be the model's: an adapter for another base does harm. */
async function checkBaseRows(model: AdapterBase, file: TensorSource, ids: readonly number[]): Promise<void> {
  const { hiddenSize, vocabSize } = model.config;
  for (const table of tableNames(model.config)) {
    const name = `${PREFIX}${table.replace(/weight$/, "token_adapter.base_layer.weight")}`;
    if (!file.has(name)) continue;
    const [theirs, ours] = [await file.readF32(name), await model.readWeight(table)];
    const trained = new Set(ids);
    const rows = Math.min(theirs.length / hiddenSize, vocabSize);
    for (let at = 0; at < rows * hiddenSize; at++) {
      // Bases held in fewer bits differ from the file by as much as that.
      if (Math.abs(theirs[at] - ours[at]) <= 0.05 * Math.abs(theirs[at]) + 0.01) continue;
      const id = Math.floor(at / hiddenSize);
      if (trained.has(id)) continue;
      throw new Error(
        `${file.path}: the base's row of token ${id} in "${name}" is not the model's: the adapter belongs to another one`,
      );
    }
  }
}
