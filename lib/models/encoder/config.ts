/** The config.json of a text encoder of BERT's architecture, validated, in Kiln's own words. */
import { z } from "zod";
import { type Json, readFields, refuseField } from "../config_fields.ts";

/** What the encoder's code needs to know. Sizes are in elements. */
export interface EncoderConfig {
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  /** The longest text, in tokens: positions are learned one by one. */
  maxPositions: number;
  /** Rows of the table of token types; texts are all of type 0. */
  tokenTypes: number;
  layerNormEps: number;
  padTokenId: number;
}

const positive = z.number().int().positive();

const fields = z.looseObject({
  model_type: z.string(),
  vocab_size: positive.max(2 ** 24).default(30522),
  hidden_size: positive.max(2 ** 16).default(768),
  intermediate_size: positive.max(2 ** 20).default(3072),
  num_hidden_layers: positive.max(1000).default(12),
  num_attention_heads: positive.default(12),
  max_position_embeddings: positive.max(2 ** 20).default(512),
  type_vocab_size: positive.max(1024).default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  pad_token_id: z.number().int().nonnegative().nullish(),
});

/** Fields that change what is computed: the values besides null that do not, and what to do about others. */
const REFUSED_FIELDS: Record<string, { harmless: readonly unknown[]; advice: string }> = {
  hidden_act: { harmless: ["gelu"], advice: 'expected "gelu", the exact form' },
  position_embedding_type: { harmless: ["absolute"], advice: 'expected "absolute"' },
  is_decoder: { harmless: [false], advice: "expected false: all tokens see each other" },
  add_cross_attention: { harmless: [false], advice: "expected false" },
  quantization_config: { harmless: [], advice: "quantized weights are not read; take the unquantized version" },
};

/**
 * Reads the text of a config.json.
 *
 * @param source The file's path, for error messages.
 * @throws When the file is not JSON, a field is missing or of another type, the architecture is not BERT's, or a field asks
 *   for something this code would silently compute wrongly; the message names file and field.
 */
export function parseEncoderConfig(text: string, source: string): EncoderConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${source}: not JSON (${(error as Error).message}); fetch it again`);
  }
  const read = readFields(fields, json, source);
  if (read.model_type !== "bert") {
    refuseField(source, "model_type", read.model_type, 'Kiln encodes with "bert" (MiniLM, e5, bge, gte); use another');
  }
  for (const [field, { harmless, advice }] of Object.entries(REFUSED_FIELDS)) {
    const value = read[field] ?? null;
    if (value !== null && !harmless.includes(value)) refuseField(source, field, value, advice);
  }
  const config = {
    vocabSize: read.vocab_size,
    hiddenSize: read.hidden_size,
    intermediateSize: read.intermediate_size,
    layers: read.num_hidden_layers,
    heads: read.num_attention_heads,
    maxPositions: read.max_position_embeddings,
    tokenTypes: read.type_vocab_size,
    layerNormEps: read.layer_norm_eps,
    padTokenId: read.pad_token_id ?? 0,
  };
  if (config.hiddenSize % config.heads !== 0) {
    throw new Error(
      `${source}: hidden_size ${config.hiddenSize} is not a multiple of num_attention_heads ${config.heads}`,
    );
  }
  return config;
}

/** A config.json that transformers reads as the same BertModel. */
export function encoderConfigJson(config: EncoderConfig): Json {
  return {
    architectures: ["BertModel"],
    attention_probs_dropout_prob: 0,
    classifier_dropout: null,
    hidden_act: "gelu",
    hidden_dropout_prob: 0,
    hidden_size: config.hiddenSize,
    initializer_range: 0.02,
    intermediate_size: config.intermediateSize,
    layer_norm_eps: config.layerNormEps,
    max_position_embeddings: config.maxPositions,
    model_type: "bert",
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    pad_token_id: config.padTokenId,
    position_embedding_type: "absolute",
    type_vocab_size: config.tokenTypes,
    use_cache: false,
    vocab_size: config.vocabSize,
  };
}
