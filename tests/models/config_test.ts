import assert from "node:assert/strict";
import fc from "fast-check";
import { configJson, type ModelConfig, parseConfig } from "../../lib/models/mod.ts";
import { GOLDEN } from "../support/golden.ts";

/** A config.json as transformers 4 writes it for Qwen2.5. */
const qwen: Record<string, unknown> = {
  architectures: ["Qwen2ForCausalLM"],
  attention_dropout: 0.0,
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
  torch_dtype: "bfloat16",
  transformers_version: "4.43.1",
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

/** Parses it with changes; a field set to undefined is left out. */
function parse(changes: Record<string, unknown> = {}): ModelConfig {
  return parseConfig(JSON.stringify({ ...qwen, ...changes }), "some/config.json");
}

const expected: ModelConfig = {
  family: "qwen2",
  vocabSize: 151936,
  hiddenSize: 896,
  intermediateSize: 4864,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
  rmsNormEps: 1e-6,
  ropeTheta: 1e6,
  maxPositions: 32768,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [151645],
};

Deno.test("parseConfig() reads the spelling of transformers 4 and that of 5 alike", () => {
  assert.deepEqual(parse(), expected);
  const five = {
    rope_theta: undefined,
    torch_dtype: undefined,
    dtype: "bfloat16",
    rope_parameters: { rope_theta: 1000000.0, rope_type: "default" },
    layer_types: new Array(24).fill("full_attention"),
    sliding_window: null,
  };
  assert.deepEqual(parse(five), expected);
});

Deno.test("parseConfig() reads what transformers wrote", async () => {
  for (const [folder, ropeTheta] of [["tied", 10000], ["untied", 1000000]] as const) {
    const path = `${GOLDEN}qwen2_tiny/${folder}/config.json`;
    const config = parseConfig(await Deno.readTextFile(path), path);
    assert.equal(config.ropeTheta, ropeTheta);
    assert.equal(config.tieWordEmbeddings, folder === "tied");
    assert.deepEqual([config.layers, config.heads, config.kvHeads, config.headDim], [3, 4, 2, 8]);
  }
});

Deno.test("parseConfig() fills in what old files leave out, as transformers does", () => {
  const config = parse({
    rope_theta: undefined,
    num_key_value_heads: undefined,
    tie_word_embeddings: undefined,
    rms_norm_eps: undefined,
    eos_token_id: undefined,
    use_sliding_window: undefined,
    rope_scaling: null,
    rope_parameters: null,
    head_dim: null,
    quantization_config: null,
  });
  assert.equal(config.ropeTheta, 10000);
  assert.equal(config.kvHeads, 14);
  assert.equal(config.tieWordEmbeddings, false);
  assert.equal(config.rmsNormEps, 1e-6);
  assert.deepEqual(config.eosTokenIds, []);
  assert.deepEqual(parse({ eos_token_id: [1, 2] }).eosTokenIds, [1, 2]);
  assert.equal(parse({ head_dim: 32 }).headDim, 32);
  assert.equal(parse({ rope_scaling: { type: "default" } }).ropeTheta, 1e6);
});

/** Few fields of a Qwen3 and a Llama; both take the shared ones from `qwen`. */
const qwen3: Record<string, unknown> = {
  ...qwen,
  architectures: ["Qwen3ForCausalLM"],
  model_type: "qwen3",
  head_dim: 128,
  attention_bias: false,
};
const llama: Record<string, unknown> = {
  ...qwen,
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  use_sliding_window: undefined,
  rope_scaling: {
    rope_type: "llama3",
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
};
const llama3Scaling = {
  type: "llama3",
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalMaxPositions: 8192,
} as const;

Deno.test("parseConfig() reads Qwen3: its own head size, and biases only where the file says so", () => {
  assert.deepEqual(parse(qwen3), { ...expected, family: "qwen3", headDim: 128, attentionBias: false });
  assert.equal(parse({ ...qwen3, attention_bias: true }).attentionBias, true);
  assert.equal(parse({ ...qwen3, head_dim: undefined }).headDim, 128, "as transformers assumes");
});

Deno.test("parseConfig() reads Llama: biases, scaling in both spellings, and what old files leave out", () => {
  const base: ModelConfig = { ...expected, family: "llama", attentionBias: false, ropeScaling: llama3Scaling };
  assert.deepEqual(parse(llama), base);
  assert.deepEqual(parse({ ...llama, attention_bias: true, mlp_bias: true }), {
    ...base,
    attentionBias: true,
    mlpBias: true,
  });
  const five = { ...(llama.rope_scaling as object), rope_theta: 5e5 };
  assert.deepEqual(
    parse({ ...llama, rope_scaling: undefined, rope_parameters: five, rope_theta: undefined }),
    { ...base, ropeTheta: 5e5 },
  );
  const old = parse({
    ...llama,
    rope_scaling: { type: "linear", factor: 2 },
    max_position_embeddings: undefined,
    eos_token_id: undefined,
    head_dim: null,
    pretraining_tp: 1,
  });
  assert.deepEqual(old.ropeScaling, { type: "linear", factor: 2 });
  assert.equal(old.maxPositions, 2048);
  assert.deepEqual(old.eosTokenIds, [2]);
  assert.deepEqual(parse({ ...llama, eos_token_id: null }).eosTokenIds, []);
});

Deno.test("parseConfig() takes scaling's fields from where transformers does", () => {
  const { original_max_position_embeddings: _, ...without } = llama.rope_scaling as Record<string, unknown>;
  const originalOf = (changes: Record<string, unknown>) => {
    const { ropeScaling } = parse({ ...llama, ...changes });
    assert.equal(ropeScaling?.type, "llama3");
    return ropeScaling?.type === "llama3" ? ropeScaling.originalMaxPositions : null;
  };
  assert.equal(originalOf({ rope_scaling: without }), 32768, "the model's own length");
  assert.equal(originalOf({ rope_scaling: without, original_max_position_embeddings: 4096 }), 4096);
  assert.equal(originalOf({ original_max_position_embeddings: 4096 }), 4096, "beside before inside");
  // rope_scaling counts before rope_parameters, an empty one not at all.
  assert.equal(originalOf({ rope_parameters: { rope_type: "yarn" } }), 8192);
  assert.equal(originalOf({ rope_scaling: {}, rope_parameters: llama.rope_scaling }), 8192);
  assert.equal(parse({ ...llama, rope_scaling: { rope_theta: 7e5 } }).ropeTheta, 7e5, "inside before beside");
});

Deno.test("parseConfig() accepts a sliding window that no layer has", () => {
  const off: Record<string, unknown>[] = [
    { use_sliding_window: true, sliding_window: 4096, max_window_layers: 24 },
    { use_sliding_window: true, sliding_window: null },
    { use_sliding_window: false, sliding_window: null, max_window_layers: null },
    { use_sliding_window: null, sliding_window: 4096, max_window_layers: undefined },
    { use_sliding_window: true, sliding_window: 4096, layer_types: new Array(24).fill("full_attention") },
  ];
  for (const changes of off) assert.deepEqual(parse(changes), expected);
});

const refused: [Record<string, unknown>, RegExp][] = [
  [
    { model_type: "mistral" },
    /model_type "mistral" is not supported; Kiln knows "qwen2" \(Qwen2, .*"qwen3" \(.*"llama" \(Llama 2 and 3, SmolLM2/,
  ],
  [{ model_type: "gemma3" }, /model_type "gemma3" is not supported/],
  [{ model_type: "toString" }, /model_type "toString" is not supported/],
  [{ model_type: "qwen2_moe", num_hidden_layers: undefined }, /model_type "qwen2_moe" is not supported/],
  [{ model_type: undefined }, /field "model_type": /],
  [
    { architectures: ["Qwen2ForSequenceClassification"] },
    /architectures \["Qwen2ForS.* expected \["Qwen2ForCausalLM"\]/,
  ],
  [{ hidden_size: undefined }, /field "hidden_size": .*expected number/],
  [{ hidden_size: "896" }, /field "hidden_size": .*expected number, received string/],
  [{ hidden_size: 896.5 }, /field "hidden_size": .*expected int/],
  [{ num_hidden_layers: 0 }, /field "num_hidden_layers": /],
  [{ num_hidden_layers: 1e9 }, /field "num_hidden_layers": .*1000/],
  [{ max_position_embeddings: 1e12 }, /field "max_position_embeddings": /],
  [{ vocab_size: -1 }, /field "vocab_size": /],
  [{ rms_norm_eps: 0 }, /field "rms_norm_eps": /],
  [{ rope_theta: "1e6" }, /field "rope_theta": /],
  [{ eos_token_id: "</s>" }, /field "eos_token_id": /],
  [{ eos_token_id: [-1] }, /field "eos_token_id/],
  [{ tie_word_embeddings: "yes" }, /field "tie_word_embeddings": /],
  [{ hidden_act: "gelu" }, /hidden_act "gelu" is not supported; expected "silu"/],
  [{ attention_dropout: 0.1 }, /attention_dropout 0.1 is not supported; expected 0/],
  [{ is_causal: false }, /is_causal false is not supported; expected true/],
  [{ use_mrope: true }, /use_mrope true is not supported/],
  [{ use_sliding_window: true, max_window_layers: 21 }, /use_sliding_window true is not supported; expected false/],
  [{ layer_types: ["full_attention", "sliding_attention"] }, /layer_types "sliding_attention" is not supported/],
  [{ rope_scaling: { type: "yarn", factor: 4 } }, /rope_scaling of type "yarn" is not supported; expected "default", /],
  [{ rope_scaling: { type: "longrope", short_factor: [1] } }, /rope_scaling of type "longrope" is not supported/],
  [{ rope_scaling: { rope_type: "llama3", factor: 8 } }, /rope_scaling.low_freq_factor undefined: type "llama3" needs/],
  [{ rope_scaling: { type: "linear", factor: -2 } }, /rope_scaling.factor -2: type "linear" needs a number above 0/],
  [{ rope_scaling: { factor: 2 } }, /rope_scaling.factor 2 has no meaning without a rope_type/],
  [{ rope_parameters: { rope_type: "dynamic", rope_theta: 1e4 } }, /rope_parameters of type "dynamic"/],
  [
    { rope_parameters: { rope_type: "default" }, rope_scaling: { type: "yarn" } },
    /rope_scaling of type "yarn" is not supported/,
  ],
  [
    { rope_parameters: { full_attention: { rope_theta: 1e4 } } },
    /rope_parameters.full_attention: parameters by layer type/,
  ],
  [{ rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } }, /partial_rotary_factor 0.5 is not supported/],
  [{ partial_rotary_factor: 0.25 }, /partial_rotary_factor 0.25 is not supported; expected 1/],
  [
    { quantization_config: { quant_method: "gptq" } },
    /quantization_config {"quant_method":"gptq"} is not supported; quantized weights are not read/,
  ],
  [{ num_experts: 128 }, /num_experts 128 is not supported; mixtures of experts/],
  [{ num_local_experts: 8 }, /num_local_experts 8 is not supported; mixtures of experts/],
  [{ moe_intermediate_size: 768 }, /moe_intermediate_size 768 is not supported/],
  [{ num_attention_heads: 13 }, /num_attention_heads 13 is not a multiple of num_key_value_heads 2/],
  [{ num_attention_heads: 12 }, /hidden_size 896 is not a multiple of num_attention_heads 12/],
  [{ head_dim: 63 }, /head_dim 63 is odd/],
  [{ ...llama, pretraining_tp: 2 }, /pretraining_tp 2 is not supported; expected 1/],
  [{ ...llama, rope_interleaved: true }, /rope_interleaved true is not supported/],
  [{ ...llama, mlp_bias: "no" }, /field "mlp_bias": /],
  [
    { ...llama, rope_scaling: { ...(llama.rope_scaling as object), low_freq_factor: 4 } },
    /rope_scaling.low_freq_factor 4: expected less than high_freq_factor 4/,
  ],
  [
    { ...llama, rope_scaling: { ...(llama.rope_scaling as object), original_max_position_embeddings: 0.5 } },
    /rope_scaling.original_max_position_embeddings 0.5: expected a positive integer/,
  ],
  [{ ...qwen3, use_sliding_window: true, max_window_layers: 0 }, /use_sliding_window true is not supported/],
];

for (const [changes, message] of refused) {
  Deno.test(`parseConfig() refuses ${message.source}, and names file and field`, () => {
    assert.throws(() => parse(changes), message);
    assert.throws(() => parse(changes), /^Error: some\/config\.json: /);
  });
}

Deno.test("parseConfig() refuses what is no JSON object, and never fails in another way", () => {
  for (const text of ["", "{", "null", "[]", '"qwen2"', "3"]) {
    assert.throws(() => parseConfig(text, "some/config.json"), /^Error: some\/config\.json: /, text);
  }
  for (const base of [qwen, qwen3, llama]) {
    fc.assert(fc.property(fc.constantFrom(...Object.keys(base)), fc.jsonValue(), (field, value) => {
      try {
        const config = parse({ ...base, [field]: value });
        assert.ok(Number.isInteger(config.headDim) && config.heads % config.kvHeads === 0);
      } catch (error) {
        assert.match((error as Error).message, /^some\/config\.json: /);
      }
    }));
  }
});

Deno.test("configJson() writes what parseConfig() reads back", () => {
  const changes: Partial<ModelConfig>[] = [
    {},
    { eosTokenIds: [] },
    { eosTokenIds: [3, 4] },
    { headDim: 32 },
    { tieWordEmbeddings: false, ropeTheta: 12345.5, rmsNormEps: 1e-5 },
    { ropeScaling: { type: "linear", factor: 1.5 } },
    { family: "qwen3", headDim: 128, attentionBias: false },
    { family: "qwen3", attentionBias: true },
    { family: "llama", attentionBias: false, ropeScaling: llama3Scaling },
    { family: "llama", attentionBias: true, mlpBias: true, headDim: 32, eosTokenIds: [] },
  ];
  for (const change of changes) {
    const config = { ...expected, ...change };
    assert.deepEqual(parseConfig(JSON.stringify(configJson(config)), "own"), config);
  }
  assert.throws(() => configJson({ ...expected, attentionBias: false }), /without attentionBias/);
});
