/** A checkpoint's config.json, validated, in Kiln's own words. */
import { z } from "zod";
import type { RotaryScaling } from "../kernels/mod.ts";
import { type Json, readFields, refuseField, tokenIds } from "./config_fields.ts";
import { FAMILIES, type Family } from "./families.ts";
import type { Precision } from "./precision.ts";
import { ropeJson } from "./rope_fields.ts";

/** What a decoder's code needs to know. Sizes are in elements. */
export interface ModelConfig {
  family: "qwen2" | "qwen3" | "llama";
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** How rotary frequencies are lowered for long texts. Absent: not at all. */
  ropeScaling?: RotaryScaling;
  maxPositions: number;
  tieWordEmbeddings: boolean;
  /** Whether q, k and v have biases, and outside of Qwen2 also o. */
  attentionBias: boolean;
  /** Whether gate, up and down have biases; only Llamas may. Absent: no. */
  mlpBias?: boolean;
  /** Token ids that end a text, as config.json or generation_config.json name them; may be empty. */
  eosTokenIds: readonly number[];
  /** In what form a loaded model holds its weights; config.json does not say. Absent: float32. */
  precision?: Precision;
}

/**
 * Reads the text of a config.json, in the spelling of transformers 4 (`rope_theta`, `rope_scaling`, `torch_dtype`) or 5
 * (`rope_parameters`, `dtype`).
 *
 * @param source The file's path, for error messages.
 * @throws When the file is not JSON, a field is missing or of another type, the family is unknown, or a field asks for
 *   something this code would silently compute wrongly (a sliding window, YaRN, another activation, experts).
 */
export function parseConfig(text: string, source: string): ModelConfig {
  // The family first: what another one's fields should be is not known here.
  const json = readFields(
    z.looseObject({ model_type: z.string(), architectures: z.array(z.string()).nullish() }),
    parseJson(text, source),
    source,
  );
  const family = familyOf(json.model_type, source);
  if (json.architectures?.length && !json.architectures.includes(family.architecture)) {
    refuseField(source, "architectures", json.architectures, `expected ["${family.architecture}"], a causal decoder`);
  }
  return family.readConfig(json, source);
}

function familyOf(modelType: string, source: string): Family {
  if (Object.hasOwn(FAMILIES, modelType)) return FAMILIES[modelType as ModelConfig["family"]];
  const known = Object.entries(FAMILIES).map(([type, { checkpoints }]) => `"${type}" (${checkpoints})`);
  return refuseField(source, "model_type", modelType, `Kiln knows ${known.join(", ")}`);
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${source}: not JSON (${(error as Error).message}); fetch it again`);
  }
}

/** The end-of-text ids that a generation_config.json names; null where it names none. Throws, naming file and field. */
export function parseGenerationEos(text: string, source: string): number[] | null {
  const schema = z.looseObject({ eos_token_id: tokenIds.nullish() });
  const ids = readFields(schema, parseJson(text, source), source).eos_token_id;
  return ids == null ? null : [ids].flat();
}

/** A config.json that transformers reads as the same model. */
export function configJson(config: ModelConfig): Json {
  const family: Family = FAMILIES[config.family];
  const ends = config.eosTokenIds;
  const fields = {
    architectures: [family.architecture],
    attention_dropout: 0,
    eos_token_id: ends.length === 0 ? null : ends.length === 1 ? ends[0] : [...ends],
    hidden_act: "silu",
    hidden_size: config.hiddenSize,
    initializer_range: 0.02,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    model_type: config.family,
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.kvHeads,
    rms_norm_eps: config.rmsNormEps,
    ...ropeJson(config.ropeTheta, config.ropeScaling),
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: "bfloat16",
    use_cache: true,
    vocab_size: config.vocabSize,
    ...family.ownConfigFields(config),
  };
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1));
}
