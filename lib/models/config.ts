/** A checkpoint's config.json, validated, in Kiln's own words. */
import { z } from "zod";

/** What a decoder's code needs to know. Sizes are in elements. */
export interface ModelConfig {
  family: "qwen2";
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  rmsNormEps: number;
  ropeTheta: number;
  maxPositions: number;
  tieWordEmbeddings: boolean;
  /** Whether q, k and v have biases. */
  attentionBias: boolean;
  /** Token ids that end a text, as config.json or generation_config.json name them; may be empty. */
  eosTokenIds: readonly number[];
}

const positive = z.number().int().positive();
const tokenIds = z.union([z.number().int(), z.array(z.number().int())]).nullish();

const ropeSchema = z.looseObject({ rope_theta: z.number().positive().optional(), rope_type: z.string().optional() });

const schema = z.looseObject({
  architectures: z.array(z.string()).optional(),
  model_type: z.string(),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.optional(),
  head_dim: positive.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_parameters: ropeSchema.nullish(),
  rope_scaling: ropeSchema.nullish(),
  max_position_embeddings: positive.default(32768),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.string().default("silu"),
  use_sliding_window: z.boolean().default(false),
  eos_token_id: tokenIds,
});

/**
 * Reads the text of a config.json.
 *
 * @param source The file's path, for error messages.
 * @throws When the file is not JSON, a field is missing or of another type, the family is unknown, or a field asks for
 *   something this code would silently compute wrongly (a sliding window, scaled rotary embeddings, another activation).
 */
export function parseConfig(text: string, source: string): ModelConfig {
  const fail = (reason: string): never => {
    throw new Error(`${source}: ${reason}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${(error as Error).message})`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`field "${issue.path.join(".")}": ${issue.message}`);
  }
  const config = parsed.data;
  if (config.model_type !== "qwen2") {
    fail(`model_type "${config.model_type}" is not supported; Kiln knows qwen2 (Qwen2, Qwen2.5)`);
  }
  if (config.hidden_act !== "silu") fail(`hidden_act "${config.hidden_act}" is not supported; expected "silu"`);
  if (config.use_sliding_window) fail("use_sliding_window is not supported; expected false");
  const rope = config.rope_parameters ?? config.rope_scaling;
  if (rope?.rope_type && rope.rope_type !== "default") {
    fail(`rotary scaling of type "${rope.rope_type}" is not supported; expected "default" or none`);
  }
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  const headDim = config.head_dim ?? config.hidden_size / heads;
  if (!Number.isInteger(headDim)) fail(`hidden_size ${config.hidden_size} is not a multiple of ${heads} heads`);
  if (heads % kvHeads !== 0) fail(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  return {
    family: "qwen2",
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    rmsNormEps: config.rms_norm_eps,
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10000,
    maxPositions: config.max_position_embeddings,
    tieWordEmbeddings: config.tie_word_embeddings,
    attentionBias: true,
    eosTokenIds: config.eos_token_id == null ? [] : [config.eos_token_id].flat(),
  };
}

/** A config.json that transformers reads as the same model. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  return {
    architectures: ["Qwen2ForCausalLM"],
    attention_dropout: 0,
    eos_token_id: config.eosTokenIds.length === 1 ? config.eosTokenIds[0] : config.eosTokenIds,
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
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tieWordEmbeddings,
    torch_dtype: "bfloat16",
    use_cache: true,
    use_sliding_window: false,
    vocab_size: config.vocabSize,
  };
}
