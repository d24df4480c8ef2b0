/** Names and shapes of an encoder's weights, which are those of transformers' BertModel. */
import type { EncoderConfig } from "./config.ts";

/** The tables whose rows are added up to a token's embedding. */
export const TABLES = {
  word: "embeddings.word_embeddings.weight",
  position: "embeddings.position_embeddings.weight",
  tokenType: "embeddings.token_type_embeddings.weight",
} as const;

/** One of them. */
export type TableKind = keyof typeof TABLES;

/** All of them. */
export const TABLE_KINDS = Object.keys(TABLES) as TableKind[];

/** Where a layer's weights begin. */
export function layerPrefix(layer: number): string {
  return `encoder.layer.${layer}.`;
}

/** Shapes of one layer's weights, by their names inside the layer. */
export function layerWeightShapes({ hiddenSize, intermediateSize }: EncoderConfig): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  const linear = (name: string, outputs: number, inputs: number) => {
    shapes[`${name}.weight`] = [outputs, inputs];
    shapes[`${name}.bias`] = [outputs];
  };
  const layerNorm = (name: string) => {
    shapes[`${name}.weight`] = [hiddenSize];
    shapes[`${name}.bias`] = [hiddenSize];
  };
  for (const part of ["query", "key", "value"]) linear(`attention.self.${part}`, hiddenSize, hiddenSize);
  linear("attention.output.dense", hiddenSize, hiddenSize);
  layerNorm("attention.output.LayerNorm");
  linear("intermediate.dense", intermediateSize, hiddenSize);
  linear("output.dense", hiddenSize, intermediateSize);
  layerNorm("output.LayerNorm");
  return shapes;
}

/** Shapes of all weights by their names in a checkpoint, without the pooler, which embeddings by mean or first token skip. */
export function encoderWeightShapes(config: EncoderConfig): Record<string, number[]> {
  const { vocabSize, hiddenSize, maxPositions, tokenTypes, layers } = config;
  const shapes: Record<string, number[]> = {
    [TABLES.word]: [vocabSize, hiddenSize],
    [TABLES.position]: [maxPositions, hiddenSize],
    [TABLES.tokenType]: [tokenTypes, hiddenSize],
    "embeddings.LayerNorm.weight": [hiddenSize],
    "embeddings.LayerNorm.bias": [hiddenSize],
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, shape] of Object.entries(layerWeightShapes(config))) shapes[layerPrefix(layer) + name] = shape;
  }
  return shapes;
}
