/**
 * The encoder as a graph (Devlin et al. 2018, arXiv:1810.04805): embeddings, then layers of attention and feed-forward, each
 * normalised after it is added.
 *
 *   h = norm(word + position + type)
 *   h = norm(h + output(attention(query(h), key(h), value(h)))),   h = norm(h + output(gelu(intermediate(h))))
 *
 * A text's embedding is a weighted sum of its tokens' last hidden states, of length 1.
 */
import { add, gatherRows, Graph, linear, matmul, reshape, type Tensor } from "../../graph/mod.ts";
import { attention, gelu, layerNorm, mergeHeads, splitHeads, unitLength } from "../../kernels/mod.ts";
import type { EncoderConfig } from "./config.ts";
import { encoderWeightShapes, layerPrefix, TABLES } from "./weights.ts";

/** Declares all weights as inputs, by their names in the checkpoint. */
export function declareEncoderWeights(graph: Graph, config: EncoderConfig): Record<string, Tensor> {
  const shapes = Object.entries(encoderWeightShapes(config));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, graph.input(name, shape)]));
}

/** A batch of texts in a graph. */
export interface EncodedTexts {
  /** Rows of the word table [texts, tokens, hidden]: where the gradient of the embeddings arrives. */
  words: Tensor;
  /** Rows of the position table [tokens, hidden]. */
  positions: Tensor;
  /** The row of token type 0 [1, hidden]. */
  tokenType: Tensor;
  /** [texts, tokens, hidden] */
  lastHidden: Tensor;
  /** [texts, hidden], of length 1. */
  embeddings: Tensor;
}

/**
 * Encodes a batch, whose inputs it declares with `prefix`: `ids` int64 [texts, tokens], `positions` int64 [tokens], `bias`
 * [texts, 1, 1, 1, tokens] (`MASKED` at padding, else 0), `pooling` [texts, 1, tokens].
 *
 * @param sizes Names of the two sizes.
 */
export function encodeTexts(
  graph: Graph,
  config: EncoderConfig,
  weights: Readonly<Record<string, Tensor>>,
  { prefix = "", texts = "texts", tokens = "tokens" } = {},
): EncodedTexts {
  const { hiddenSize, heads, layerNormEps } = config;
  const ids = graph.input(`${prefix}ids`, [texts, tokens], "int64");
  const places = graph.input(`${prefix}positions`, [tokens], "int64");
  const bias = graph.input(`${prefix}bias`, [texts, 1, 1, 1, tokens]);
  const pooling = graph.input(`${prefix}pooling`, [texts, 1, tokens]);

  const dense = (x: Tensor, name: string) => add(linear(x, weights[`${name}.weight`]), weights[`${name}.bias`]);
  const norm = (x: Tensor, name: string) =>
    layerNorm(x, weights[`${name}.weight`], weights[`${name}.bias`], layerNormEps);

  const words = gatherRows(weights[TABLES.word], ids);
  const positions = gatherRows(weights[TABLES.position], places);
  const tokenType = gatherRows(weights[TABLES.tokenType], graph.constant([0], [1], "int64"));
  let hidden = norm(add(words, add(positions, tokenType)), "embeddings.LayerNorm");
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = layerPrefix(layer);
    const [q, k, v] = ["query", "key", "value"].map((part) =>
      splitHeads(dense(hidden, `${prefix}attention.self.${part}`), heads, hiddenSize / heads)
    );
    const attended = dense(mergeHeads(attention(q, k, v, bias)), `${prefix}attention.output.dense`);
    hidden = norm(add(attended, hidden), `${prefix}attention.output.LayerNorm`);
    const widened = gelu(dense(hidden, `${prefix}intermediate.dense`));
    hidden = norm(add(dense(widened, `${prefix}output.dense`), hidden), `${prefix}output.LayerNorm`);
  }
  const pooled = reshape(matmul(pooling, hidden), [texts, hiddenSize]);
  return { words, positions, tokenType, lastHidden: hidden, embeddings: unitLength(pooled) };
}
