import assert from "node:assert/strict";
import { type ModelConfig, parseConfig } from "../../lib/models/mod.ts";
import { parseGenerationEos } from "../../lib/models/config.ts";
import type { Random } from "../../lib/random/mod.ts";
import { mutateBytes, oneOf } from "./mutate_bytes.ts";
import { type Json, mutateJson, tellingValue, writeJson } from "./mutate_json.ts";
import type { Subject } from "./subject.ts";

const qwen2: Json = {
  architectures: ["Qwen2ForCausalLM"],
  bos_token_id: 151643,
  eos_token_id: 151645,
  hidden_act: "silu",
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 21,
  model_type: "qwen2",
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

const qwen3: Json = {
  ...qwen2,
  architectures: ["Qwen3ForCausalLM"],
  attention_bias: false,
  head_dim: 128,
  layer_types: ["full_attention", "full_attention"],
  model_type: "qwen3",
  num_hidden_layers: 2,
  rope_parameters: { rope_theta: 1e6, rope_type: "default" },
};

const llama: Json = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  eos_token_id: [128001, 128008, 128009],
  hidden_act: "silu",
  hidden_size: 2048,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500000.0,
  tie_word_embeddings: true,
  vocab_size: 128256,
};

function configValue(random: Random): Json {
  return random.chance(0.4)
    ? oneOf<Json>(random, [
      "qwen2",
      "llama",
      "mamba",
      "gelu",
      "linear",
      "yarn",
      "sliding_attention",
      7,
      64,
      128,
      1e6,
      null,
      false,
    ])
    : tellingValue(random);
}

function textOf(seed: Json, random: Random): string {
  const text = mutateJson(seed, random, configValue);
  return random.chance(0.15) ? new TextDecoder().decode(mutateBytes(new TextEncoder().encode(text), random)) : text;
}

const configs: Subject = {
  kind: "config.json",
  share: 10,
  make(random) {
    const seed = oneOf(random, [qwen2, qwen3, llama]);
    const isWhole = random.chance(0.02);
    const text = isWhole ? writeJson(seed) : textOf(seed, random);
    return {
      name: "some/config.json",
      contents: text,
      isWhole,
      read: () => checkConfig(parseConfig(text, "some/config.json")),
    };
  },
};

const generationConfigs: Subject = {
  kind: "generation_config.json",
  share: 5,
  make(random) {
    const seed: Json = { bos_token_id: 1, do_sample: true, eos_token_id: [2, 3], temperature: 0.6, top_p: 0.9 };
    const isWhole = random.chance(0.02);
    const text = isWhole ? writeJson(seed) : textOf(seed, random);
    return {
      name: "some/generation_config.json",
      contents: text,
      isWhole,
      read() {
        const ids = parseGenerationEos(text, "some/generation_config.json");
        assert.ok(ids === null || ids.every((id) => Number.isSafeInteger(id) && id >= 0), `${ids}`);
      },
    };
  },
};

export const configSubjects: Subject[] = [configs, generationConfigs];

/** Sizes are whole, fit each other, and no number is what arithmetic cannot use. */
function checkConfig(config: ModelConfig): void {
  const { vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, maxPositions } = config;
  for (const size of [vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, maxPositions]) {
    assert.ok(Number.isSafeInteger(size) && size > 0, `size ${size}`);
  }
  assert.equal(heads % kvHeads, 0);
  assert.equal(headDim % 2, 0);
  for (const number of [config.rmsNormEps, config.ropeTheta]) {
    assert.ok(Number.isFinite(number) && number > 0, `${number}`);
  }
  for (const number of Object.values(config.ropeScaling ?? {})) {
    assert.ok(typeof number === "string" || (Number.isFinite(number) && number > 0), `rope scaling ${number}`);
  }
  assert.ok(config.eosTokenIds.every((id) => Number.isSafeInteger(id) && id >= 0), `ids ${config.eosTokenIds}`);
  // A matrix of more numbers than an array holds would be refused only when it is made.
  assert.ok(layers <= 10_000 && maxPositions <= 2 ** 26, `${layers} layers, ${maxPositions} positions`);
}
