/** The model families that Kiln runs, by the `model_type` of their config.json; a new one is a file and a line here. */
import type { Tensor } from "../graph/mod.ts";
import type { ModelConfig } from "./config.ts";
import type { Json } from "./config_fields.ts";
import { type BlockInputs, type BlockParts, sharedDecoderBlock, sharedWeightShapes } from "./decoder_block.ts";
import { llama } from "./llama.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";

/** What is particular to a family. */
export interface Family extends BlockParts {
  /** The class that transformers reads its checkpoints with. */
  architecture: string;
  /** Well-known checkpoints of the family, for messages. */
  checkpoints: string;
  /** A config.json of the family in Kiln's words. Throws, naming the field, where it asks for what is not supported. */
  readConfig(json: Json, source: string): ModelConfig;
  /** The fields of a config.json that not all families have. */
  ownConfigFields(config: ModelConfig): Json;
}

/** A family by its `model_type`. */
export const FAMILIES = { qwen2, qwen3, llama } satisfies Record<ModelConfig["family"], Family>;

/** Shapes of one block's weights, by their names inside the block. */
export function blockWeightShapes(config: ModelConfig): Record<string, number[]> {
  return sharedWeightShapes(config, FAMILIES[config.family]);
}

/** Shapes of a whole checkpoint's weights, by name. */
export function weightShapes(config: ModelConfig): Record<string, number[]> {
  const shapes: Record<string, number[]> = { "model.embed_tokens.weight": [config.vocabSize, config.hiddenSize] };
  const block = Object.entries(blockWeightShapes(config));
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [name, shape] of block) shapes[`model.layers.${layer}.${name}`] = shape;
  }
  shapes["model.norm.weight"] = [config.hiddenSize];
  if (!config.tieWordEmbeddings) shapes["lm_head.weight"] = [config.vocabSize, config.hiddenSize];
  return shapes;
}

/** The number of weights, tied ones counted once. */
export function parameterCount(config: ModelConfig): number {
  return Object.values(weightShapes(config)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
}

/** One decoder block: the next hidden state, and the keys and values that a cache keeps. */
export function decoderBlock(config: ModelConfig, inputs: BlockInputs): { y: Tensor; keys: Tensor; values: Tensor } {
  return sharedDecoderBlock(config, FAMILIES[config.family], inputs);
}
