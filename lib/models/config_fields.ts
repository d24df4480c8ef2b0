/** The fields of config.json that all families have, and how families read theirs. */
import { z } from "zod";
import type { ModelConfig } from "./config.ts";
import { readRope, ropeFields } from "./rope_fields.ts";

/** An object as JSON.parse gives it. */
export type Json = Record<string, unknown>;

/** Far above any model's: a file that claims more would only make loading hang. */
const MOST_LAYERS = 1000;
const MOST_POSITIONS = 2 ** 24;

const positive = z.number().int().positive();
const tokenId = z.number().int().nonnegative();

/** One id or several. */
export const tokenIds = z.union([tokenId, z.array(tokenId)]);

export const maxPositions = positive.max(MOST_POSITIONS);

/** What every family's config.json may say. A family extends it with its own fields and defaults. */
export const sharedFields = z.looseObject({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive.max(MOST_LAYERS),
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  ...ropeFields,
  max_position_embeddings: maxPositions.default(32768),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.string().default("silu"),
  layer_types: z.array(z.string()).nullish(),
  eos_token_id: tokenIds.nullish(),
});
type SharedFields = z.infer<typeof sharedFields>;

/** Qwen's sliding window: which layers look back only so far. */
export const qwenWindowFields = {
  use_sliding_window: z.boolean().nullish(),
  sliding_window: z.number().nullish(),
  max_window_layers: z.number().nullish(),
};

/** Checks an object against a schema. Throws, naming the file and the field. */
export function readFields<T>(schema: z.ZodType<T>, json: unknown, source: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue.path.length === 0 ? "" : `field "${issue.path.join(".")}": `;
  throw new Error(`${source}: ${where}${issue.message}`);
}

/** Throws because a field's value asks for what would be computed wrongly. */
export function refuseField(source: string, field: string, value: unknown, advice: string): never {
  const shown = JSON.stringify(value) ?? String(value);
  const short = shown.length > 60 ? `${shown.slice(0, 60)}...` : shown;
  throw new Error(`${source}: ${field} ${short} is not supported; ${advice}`);
}

const MIXTURE = "mixtures of experts are not computed; take a dense model";

/** Fields that change what a model computes: the values besides null that do not, and what to do about others. */
const REFUSED_FIELDS: Record<string, { harmless: readonly unknown[]; advice: string }> = {
  hidden_act: { harmless: ["silu", "swish"], advice: 'expected "silu"' },
  attention_dropout: { harmless: [0], advice: "expected 0" },
  is_causal: { harmless: [true], advice: "expected true: tokens look only back" },
  use_mrope: { harmless: [false], advice: "expected false" },
  quantization_config: {
    harmless: [],
    advice: "quantized weights are not read; take the checkpoint's unquantized version",
  },
  num_experts: { harmless: [0], advice: MIXTURE },
  num_local_experts: { harmless: [0], advice: MIXTURE },
  n_routed_experts: { harmless: [0], advice: MIXTURE },
  num_experts_per_tok: { harmless: [0], advice: MIXTURE },
  moe_intermediate_size: { harmless: [0], advice: MIXTURE },
};

/** Throws when not all layers look at all earlier tokens. */
export function refuseSlidingWindow(
  fields: z.infer<z.ZodObject<typeof qwenWindowFields>> & SharedFields,
  source: string,
): void {
  const { use_sliding_window, sliding_window, max_window_layers, layer_types, num_hidden_layers } = fields;
  // transformers gives the window to the layers from max_window_layers on, unless layer_types says which.
  const first = max_window_layers ?? 28;
  if (!use_sliding_window || layer_types || sliding_window === null || first >= num_hidden_layers) return;
  refuseField(source, "use_sliding_window", true, "expected false: texts longer than the window would differ");
}

/**
 * What the shared fields say, in Kiln's words.
 *
 * @throws Naming file, field and value, where they ask for something that would be computed wrongly.
 */
export function sharedConfig(
  fields: SharedFields,
  source: string,
): Omit<ModelConfig, "family" | "attentionBias" | "mlpBias"> {
  const fail = (problem: string): never => {
    throw new Error(`${source}: ${problem}`);
  };
  for (const [field, { harmless, advice }] of Object.entries(REFUSED_FIELDS)) {
    const value = fields[field] ?? null;
    if (value !== null && !harmless.includes(value)) refuseField(source, field, value, advice);
  }
  const window = fields.layer_types?.find((type) => type !== "full_attention");
  if (window !== undefined) refuseField(source, "layer_types", window, 'expected only "full_attention"');

  const { hidden_size: hiddenSize, num_attention_heads: heads } = fields;
  const kvHeads = fields.num_key_value_heads ?? heads;
  const headDim = fields.head_dim ?? hiddenSize / heads;
  if (heads % kvHeads !== 0) fail(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  if (!Number.isInteger(headDim)) fail(`hidden_size ${hiddenSize} is not a multiple of num_attention_heads ${heads}`);
  if (headDim % 2 !== 0) fail(`head_dim ${headDim} is odd; rotary embeddings need pairs`);
  return {
    vocabSize: fields.vocab_size,
    hiddenSize,
    intermediateSize: fields.intermediate_size,
    layers: fields.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    rmsNormEps: fields.rms_norm_eps,
    ...readRope(fields, fail),
    maxPositions: fields.max_position_embeddings,
    tieWordEmbeddings: fields.tie_word_embeddings,
    eosTokenIds: fields.eos_token_id == null ? [] : [fields.eos_token_id].flat(),
  };
}
