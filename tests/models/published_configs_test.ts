import assert from "node:assert/strict";
import { loraShapes } from "../../lib/adapters/mod.ts";
import { configJson, LINEAR_MODULES, type ModelConfig, parseConfig, weightShapes } from "../../lib/models/mod.ts";
import { PUBLISHED } from "./published_configs.ts";

const configOf = (name: string): ModelConfig => parseConfig(JSON.stringify(PUBLISHED[name].config), name);

const count = (shapes: Iterable<readonly number[]>) =>
  [...shapes].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);

for (const [name, { config, parameters }] of Object.entries(PUBLISHED)) {
  Deno.test(`parseConfig() reads ${name}, whose weights are as many as published`, () => {
    const parsed = configOf(name);
    assert.equal(parsed.family, config.model_type);
    assert.equal(parsed.ropeTheta, config.rope_theta);
    assert.equal(parsed.maxPositions, config.max_position_embeddings);
    assert.deepEqual(parsed.eosTokenIds, [config.eos_token_id]);
    assert.equal(count(Object.values(weightShapes(parsed))), parameters);
    assert.deepEqual(parseConfig(JSON.stringify(configJson(parsed)), "own"), parsed);
  });
}

Deno.test("parseConfig() reads Llama 3.2's head size and rotary scaling", () => {
  const { headDim, ropeScaling, attentionBias } = configOf("meta-llama/Llama-3.2-1B");
  assert.deepEqual([headDim, attentionBias], [64, false]);
  assert.deepEqual(ropeScaling, {
    type: "llama3",
    factor: 32,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 8192,
  });
});

Deno.test("loraShapes() of published models has as many weights as PEFT prints", () => {
  const printed: [string, number, number][] = [
    ["Qwen/Qwen2.5-3B", 16, 29_933_568],
    ["Qwen/Qwen2.5-3B", 64, 119_734_272],
    ["meta-llama/Llama-3.1-8B", 16, 41_943_040],
  ];
  for (const [name, r, trainable] of printed) {
    assert.equal(count(loraShapes(configOf(name), { modules: LINEAR_MODULES, r }).values()), trainable, name);
  }
});
