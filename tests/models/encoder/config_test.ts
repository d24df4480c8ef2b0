import assert from "node:assert/strict";
import { encoderConfigJson, parseEncoderConfig } from "../../../lib/models/encoder/mod.ts";

const MINILM = {
  architectures: ["BertModel"],
  hidden_act: "gelu",
  hidden_size: 384,
  intermediate_size: 1536,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: "bert",
  num_attention_heads: 12,
  num_hidden_layers: 6,
  pad_token_id: 0,
  position_embedding_type: "absolute",
  type_vocab_size: 2,
  vocab_size: 30522,
};

const parse = (changes: Record<string, unknown> = {}) =>
  parseEncoderConfig(JSON.stringify({ ...MINILM, ...changes }), "folder/config.json");

Deno.test("parseEncoderConfig() reads MiniLM's fields, and encoderConfigJson() writes them", () => {
  const config = parse();
  assert.deepEqual(config, {
    vocabSize: 30522,
    hiddenSize: 384,
    intermediateSize: 1536,
    layers: 6,
    heads: 12,
    maxPositions: 512,
    tokenTypes: 2,
    layerNormEps: 1e-12,
    padTokenId: 0,
  });
  const written = encoderConfigJson(config);
  for (const [name, value] of Object.entries(MINILM)) assert.deepEqual(written[name], value, name);
  assert.deepEqual(parseEncoderConfig(JSON.stringify(written), "written"), config);
});

Deno.test("parseEncoderConfig() names file, field and what to do where it would compute something else", () => {
  for (
    const [changes, message] of [
      [
        { model_type: "roberta" },
        /folder\/config\.json: model_type "roberta" is not supported; Kiln encodes with "bert"/,
      ],
      [{ hidden_act: "gelu_new" }, /hidden_act "gelu_new" is not supported; expected "gelu"/],
      [{ position_embedding_type: "relative_key" }, /position_embedding_type "relative_key" is not supported/],
      [{ is_decoder: true }, /is_decoder true is not supported/],
      [{ quantization_config: {} }, /quantization_config \{\} is not supported/],
      [{ num_attention_heads: 7 }, /hidden_size 384 is not a multiple of num_attention_heads 7/],
      [{ num_hidden_layers: "6" }, /field "num_hidden_layers"/],
      [{ vocab_size: -1 }, /field "vocab_size"/],
      [{ model_type: undefined }, /field "model_type"/],
    ] as const
  ) {
    assert.throws(() => parse(changes), message);
  }
  assert.throws(() => parseEncoderConfig("{", "folder/config.json"), /folder\/config\.json: not JSON/);
});
