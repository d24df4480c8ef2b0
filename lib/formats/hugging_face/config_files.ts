/** config.json and generation_config.json of an exported model. */
import { configJson } from "../../models/mod.ts";
import type { ModelSource } from "../model_source.ts";

/** How the weights of a checkpoint are stored. */
export type CheckpointDtype = "F32" | "F16" | "BF16";

/** transformers' names of them. */
const TORCH_DTYPES: Readonly<Record<CheckpointDtype, string>> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** Fields of a base's config.json that are not handed on: said anew in the other spelling, or about files that are not there. */
const NOT_KEPT = [
  "_name_or_path",
  "auto_map",
  "dtype",
  "quantization_config",
  "rope_parameters",
  "rope_scaling",
  "rope_theta",
  "torch_dtype",
  "transformers_version",
];

/** Fields that Kiln computes alike for every value that it takes, and therefore writes as constants: the base's own are better. */
const BASE_KNOWS_BETTER = ["attention_dropout", "bos_token_id", "hidden_act", "initializer_range", "use_cache"];

/** config.json: what Kiln knows of the model, and whatever else the base's own file says. */
export function exportedConfig(
  { config, configJson: base = {}, tokenizer }: Pick<ModelSource, "config" | "configJson" | "tokenizer">,
  dtype: CheckpointDtype,
): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(base).filter(([name]) => !NOT_KEPT.includes(name)));
  const own = { ...configJson(config), torch_dtype: TORCH_DTYPES[dtype] };
  const { bosTokenId, padTokenId } = tokenizer;
  const named = { ...own, ...ifKnown("bos_token_id", bosTokenId), ...ifKnown("pad_token_id", padTokenId) };
  const merged: Record<string, unknown> = { ...kept, ...named };
  for (const name of [...BASE_KNOWS_BETTER, "pad_token_id"]) if (kept[name] != null) merged[name] = kept[name];
  return Object.fromEntries(Object.entries(merged).sort(([a], [b]) => a < b ? -1 : 1));
}

/** generation_config.json: the base's own, or what is known, with the ends of texts that the model has now. */
export function exportedGenerationConfig(
  { config: { eosTokenIds: ends }, tokenizer }: Pick<ModelSource, "config" | "tokenizer">,
): Record<string, unknown> {
  const bytes = tokenizer.files.get("generation_config.json");
  const base: Record<string, unknown> = bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {
    ...ifKnown("bos_token_id", tokenizer.bosTokenId),
    ...ifKnown("pad_token_id", tokenizer.padTokenId),
    do_sample: true,
  };
  if (ends.length === 0) return base;
  return { ...base, eos_token_id: ends.length === 1 ? ends[0] : [...ends] };
}

function ifKnown(name: string, id: number | undefined): Record<string, number> {
  return id === undefined ? {} : { [name]: id };
}
