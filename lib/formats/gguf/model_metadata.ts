/** A model's configuration as GGUF's metadata. */
import { rotaryFrequencies } from "../../kernels/mod.ts";
import type { ModelConfig } from "../../models/mod.ts";
import { f32, f64, type GgufValue, text, u32 } from "./metadata_values.ts";
import { FILE_TYPES, type GgufType } from "./quantization_plan.ts";

/**
 * What llama.cpp must know of a model before it reads the weights.
 *
 * @param name `general.name`, for people.
 * @throws {RangeError} when llama.cpp has no such model
 */
export function modelMetadata(config: ModelConfig, name: string, type: GgufType): [key: string, value: GgufValue][] {
  const { family, heads, headDim, hiddenSize, ropeScaling } = config;
  refuseUnknown(config);
  const own = (key: string, value: GgufValue): [string, GgufValue] => [`${family}.${key}`, value];
  return [
    ["general.architecture", text(family)],
    ["general.type", text("model")],
    ["general.name", text(harmlessName(name))],
    ["general.file_type", u32(FILE_TYPES[type].id)],
    ["general.quantization_version", u32(2)],
    own("block_count", u32(config.layers)),
    own("context_length", u32(config.maxPositions)),
    own("embedding_length", u32(hiddenSize)),
    own("feed_forward_length", u32(config.intermediateSize)),
    own("attention.head_count", u32(heads)),
    own("attention.head_count_kv", u32(config.kvHeads)),
    own("attention.layer_norm_rms_epsilon", f32(config.rmsNormEps)),
    own("vocab_size", u32(config.vocabSize)),
    own("rope.freq_base", f32(config.ropeTheta)),
    own("rope.dimension_count", u32(headDim)),
    ...(headDim * heads === hiddenSize && family !== "qwen3" ? [] : [
      own("attention.key_length", u32(headDim)),
      own("attention.value_length", u32(headDim)),
    ]),
    ...(ropeScaling?.type === "linear"
      ? [own("rope.scaling.type", text("linear")), own("rope.scaling.factor", f32(ropeScaling.factor))]
      : ropeScaling?.type === "llama3"
      ? [
        own("rope.scaling.original_context_length", u32(ropeScaling.originalMaxPositions)),
        // For those who want the parameters that the tensor of factors comes from.
        ["kiln.rope.factor", f64(ropeScaling.factor)] as [string, GgufValue],
        ["kiln.rope.low_frequency_factor", f64(ropeScaling.lowFrequencyFactor)] as [string, GgufValue],
        ["kiln.rope.high_frequency_factor", f64(ropeScaling.highFrequencyFactor)] as [string, GgufValue],
      ]
      : []),
  ];
}

/**
 * By what llama.cpp divides each rotary frequency, [headDim / 2]: the tensor `rope_freqs.weight`. Undefined where there is no
 * such scaling.
 */
export function ropeFactors({ headDim, ropeTheta: theta, ropeScaling }: ModelConfig): Float32Array | undefined {
  if (ropeScaling?.type !== "llama3") return undefined;
  const scaled = rotaryFrequencies({ headDim, theta, scaling: ropeScaling });
  return Float32Array.from(rotaryFrequencies({ headDim, theta }), (frequency, i) => frequency / scaled[i]);
}

/** Models that Kiln runs and llama.cpp would read as others, or not at all. */
function refuseUnknown(config: ModelConfig): void {
  const { family, ropeScaling, attentionBias, mlpBias, heads, headDim, hiddenSize } = config;
  if (ropeScaling?.type === "llama3" && family !== "llama") {
    throw new RangeError(
      `rotary scaling of type "llama3" in a ${family} model: llama.cpp reads it in llama models only; ` +
        "remove rope_scaling from config.json where texts stay within the original length",
    );
  }
  if (family === "qwen3" && attentionBias) {
    throw new RangeError(
      "attention_bias in a qwen3 model: llama.cpp has no place for these biases, which no published checkpoint has",
    );
  }
  if (family === "qwen2" && heads * headDim !== hiddenSize) {
    throw new RangeError(
      `head_dim ${headDim} with ${heads} heads in a qwen2 model of hidden_size ${hiddenSize}: llama.cpp loads such a model only ` +
        "where heads times head_dim is the hidden size, as in all published ones",
    );
  }
  if (family !== "llama" && mlpBias) throw new RangeError(`mlp_bias in a ${family} model: llama.cpp has no such model`);
}

/**
 * llama.cpp takes spaces around special tokens away when a model's name holds "phi-3" or "phi3", and then asks for tokens
 * that other tokenizers have not.
 */
function harmlessName(name: string): string {
  return name.replace(/phi-?3/gi, "phi 3");
}
