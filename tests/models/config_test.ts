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

const refused: [Record<string, unknown>, RegExp][] = [
  [{ model_type: "llama" }, /model_type "llama" is not supported; Kiln knows "qwen2"/],
  [{ model_type: "qwen2_moe", num_hidden_layers: undefined }, /model_type "qwen2_moe" is not supported/],
  [{ model_type: undefined }, /field "model_type": /],
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
  [{ use_sliding_window: true }, /use_sliding_window is not supported/],
  [{ layer_types: ["full_attention", "sliding_attention"] }, /layer_types has "sliding_attention"/],
  [{ rope_scaling: { type: "yarn", factor: 4 } }, /rope_scaling of type "yarn" is not supported/],
  [{ rope_scaling: { rope_type: "llama3", factor: 8 } }, /rope_scaling of type "llama3" is not supported/],
  [{ rope_scaling: { factor: 2 } }, /rope_scaling of type "linear" is not supported/],
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
  [{ quantization_config: { quant_method: "gptq" } }, /quantization_config: quantized weights are not read/],
  [{ num_attention_heads: 13 }, /num_attention_heads 13 is not a multiple of num_key_value_heads 2/],
  [{ num_attention_heads: 12 }, /hidden_size 896 is not a multiple of num_attention_heads 12/],
  [{ head_dim: 63 }, /head_dim 63 is odd/],
];

for (const [changes, message] of refused) {
  const [[field, value]] = Object.entries(changes);
  Deno.test(`parseConfig() refuses ${field} ${JSON.stringify(value) ?? "absent"}, and names file and field`, () => {
    assert.throws(() => parse(changes), message);
    assert.throws(() => parse(changes), /^Error: some\/config\.json: /);
  });
}

Deno.test("parseConfig() refuses what is no JSON object, and never fails in another way", () => {
  for (const text of ["", "{", "null", "[]", '"qwen2"', "3"]) {
    assert.throws(() => parseConfig(text, "some/config.json"), /^Error: some\/config\.json: /, text);
  }
  fc.assert(fc.property(fc.constantFrom(...Object.keys(qwen)), fc.jsonValue(), (field, value) => {
    try {
      const config = parse({ [field]: value });
      assert.ok(Number.isInteger(config.headDim) && config.heads % config.kvHeads === 0);
    } catch (error) {
      assert.match((error as Error).message, /^some\/config\.json: /);
    }
  }));
});

Deno.test("configJson() writes what parseConfig() reads back", () => {
  const changes: Partial<ModelConfig>[] = [
    {},
    { eosTokenIds: [] },
    { eosTokenIds: [3, 4] },
    { headDim: 32 },
    { tieWordEmbeddings: false, ropeTheta: 12345.5, rmsNormEps: 1e-5 },
  ];
  for (const change of changes) {
    const config = { ...expected, ...change };
    assert.deepEqual(parseConfig(JSON.stringify(configJson(config)), "own"), config);
  }
  assert.throws(() => configJson({ ...expected, attentionBias: false }), /without attentionBias/);
});
