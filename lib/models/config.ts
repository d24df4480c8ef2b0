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
const tokenId = z.number().int().nonnegative();
const tokenIds = z.union([tokenId, z.array(tokenId)]).nullish();

/** Far above any model's: a file that claims more would only make loading hang. */
const MOST_LAYERS = 1000;
const MOST_POSITIONS = 2 ** 24;

/** Rotary parameters: `type` is an older spelling of `rope_type`. */
const ropeSchema = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
  factor: z.number().optional(),
  partial_rotary_factor: z.number().optional(),
});

const schema = z.looseObject({
  architectures: z.array(z.string()).optional(),
  model_type: z.string(),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive.max(MOST_LAYERS),
  num_attention_heads: positive,
  num_key_value_heads: positive.optional(),
  head_dim: positive.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_parameters: ropeSchema.nullish(),
  rope_scaling: ropeSchema.nullish(),
  max_position_embeddings: positive.max(MOST_POSITIONS).default(32768),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.string().default("silu"),
  use_sliding_window: z.boolean().default(false),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  eos_token_id: tokenIds,
});

/** The end-of-text ids of a generation_config.json, which come before those of config.json. */
const generationSchema = z.looseObject({ eos_token_id: tokenIds });

/** Parses JSON and checks it against a schema. Throws, naming the file and the field. */
function parseJson<T>(text: string, source: string, expected: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${source}: not JSON (${(error as Error).message}); fetch it again`);
  }
  const parsed = expected.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue.path.length === 0 ? "" : `field "${issue.path.join(".")}": `;
  throw new Error(`${source}: ${where}${issue.message}`);
}

/**
 * Reads the text of a config.json, in the spelling of transformers 4 (`rope_theta`, `torch_dtype`) or 5
 * (`rope_parameters`, `dtype`).
 *
 * @param source The file's path, for error messages.
 * @throws When the file is not JSON, a field is missing or of another type, the family is unknown, or a field asks for
 *   something this code would silently compute wrongly (a sliding window, scaled rotary embeddings, another activation).
 */
export function parseConfig(text: string, source: string): ModelConfig {
  // The family first: what another one's fields should be is not known here.
  const { model_type } = parseJson(text, source, z.looseObject({ model_type: z.string() }));
  if (model_type !== "qwen2") {
    throw new Error(
      `${source}: model_type "${model_type}" is not supported; Kiln knows "qwen2" (checkpoints of Qwen2 and Qwen2.5)`,
    );
  }
  const config = parseJson(text, source, schema);
  const problem = unsupported(config);
  if (problem !== null) throw new Error(`${source}: ${problem}`);
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  const headDim = config.head_dim ?? config.hidden_size / heads;
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
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? config.rope_scaling?.rope_theta ?? 10000,
    maxPositions: config.max_position_embeddings,
    tieWordEmbeddings: config.tie_word_embeddings,
    attentionBias: true,
    eosTokenIds: config.eos_token_id == null ? [] : [config.eos_token_id].flat(),
  };
}

/** What a configuration asks for that this code would compute wrongly, and what it would do instead; null if nothing. */
function unsupported(config: z.infer<typeof schema>): string | null {
  const { hidden_act: act, hidden_size: hidden, num_attention_heads: heads } = config;
  if (act !== "silu") return `hidden_act "${act}" is not supported; expected "silu"`;
  if (config.use_sliding_window) return "use_sliding_window is not supported; expected false";
  const otherLayer = config.layer_types?.find((type) => type !== "full_attention");
  if (otherLayer) return `layer_types has "${otherLayer}", which is not supported; expected only "full_attention"`;
  if (config.quantization_config != null) {
    return "quantization_config: quantized weights are not read; take the checkpoint's unquantized version";
  }
  for (const field of ["rope_parameters", "rope_scaling"] as const) {
    const rope = config[field];
    if (!rope) continue;
    const type = rope.rope_type ?? rope.type ?? (rope.factor === undefined ? "default" : "linear");
    if (type !== "default") {
      return `${field} of type "${type}" is not supported; expected "default" or none (scaling may be removed from the ` +
        "file where texts stay within the unscaled length)";
    }
    if (rope.partial_rotary_factor !== undefined && rope.partial_rotary_factor !== 1) {
      return `${field}.partial_rotary_factor ${rope.partial_rotary_factor} is not supported; expected 1`;
    }
    const nested = Object.keys(rope).find((key) => typeof rope[key] === "object" && rope[key] !== null);
    if (nested) {
      return `${field}.${nested}: parameters by layer type are not supported; expected one rope_theta for all`;
    }
  }
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) return `num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`;
  const headDim = config.head_dim ?? hidden / heads;
  if (!Number.isInteger(headDim)) return `hidden_size ${hidden} is not a multiple of num_attention_heads ${heads}`;
  if (headDim % 2 !== 0) return `head_dim ${headDim} is odd; rotary embeddings need pairs`;
  return null;
}

/** The end-of-text ids that a generation_config.json names; null where it names none. Throws, naming file and field. */
export function parseGenerationEos(text: string, source: string): number[] | null {
  const ids = parseJson(text, source, generationSchema).eos_token_id;
  return ids == null ? null : [ids].flat();
}

/** A config.json that transformers reads as the same model. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  if (!config.attentionBias) throw new Error("configJson: a qwen2 model without attentionBias cannot be written down");
  const ends = config.eosTokenIds;
  const usual = config.headDim * config.heads === config.hiddenSize;
  return {
    architectures: ["Qwen2ForCausalLM"],
    attention_dropout: 0,
    eos_token_id: ends.length === 0 ? null : ends.length === 1 ? ends[0] : [...ends],
    ...(usual ? {} : { head_dim: config.headDim }),
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
