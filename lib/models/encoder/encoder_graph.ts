/**
 * The encoder as a graph (Devlin et al. 2018, arXiv:1810.04805): embeddings, then layers of attention and feed-forward, each
 * normalised after it is added.
 *
 *   h = norm(word + position + type)
 *   h = norm(h + output(attention(query(h), key(h), value(h)))),   h = norm(h + output(gelu(intermediate(h))))
 *
 * A text's embedding is a weighted sum of its tokens' last hidden states, of length 1.
 */
import { add, gatherRows, Graph, linear, matmul, multiplyDimensions, reshape, type Tensor } from "../../graph/mod.ts";
import { attention, gelu, layerNorm, mergeHeads, splitHeads, unitLength } from "../../kernels/mod.ts";
import type { EncoderConfig } from "./config.ts";
import { encoderWeightShapes, layerPrefix, type TableKind, TABLES } from "./weights.ts";

/** Declares all weights as inputs, by their names in the checkpoint. */
export function declareEncoderWeights(graph: Graph, config: EncoderConfig): Record<string, Tensor> {
  const shapes = Object.entries(encoderWeightShapes(config));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, graph.input(name, shape)]));
}

/** A batch of texts in a graph. */
export interface EncodedTexts {
  /** What is read of each table: where the gradients of the tables arrive. All are [rows, tokens, hidden] or repeat to it. */
  tableRows: Record<TableKind, Tensor>;
  /** [rows, tokens, hidden] */
  lastHidden: Tensor;
  /** Embeddings [texts, hidden], of length 1, by weights [texts, rows*tokens] of the tokens. */
  pool(pooling: Tensor): Tensor;
}

/**
 * Encodes texts that are packed into rows. Inputs: `ids` and `positions` int64 [rows, tokens], and `bias` [rows, 1, 1, tokens,
 * tokens], 0 where a token sees another one of its text and `MASKED` elsewhere.
 */
export function encodeTexts(
  graph: Graph,
  config: EncoderConfig,
  weights: Readonly<Record<string, Tensor>>,
): EncodedTexts {
  const { hiddenSize, heads, layerNormEps } = config;
  const shape = ["rows", "tokens"];
  const ids = graph.input("ids", shape, "int64");
  const positions = graph.input("positions", shape, "int64");
  const bias = graph.input("bias", ["rows", 1, 1, "tokens", "tokens"]);

  const dense = (x: Tensor, name: string) => add(linear(x, weights[`${name}.weight`]), weights[`${name}.bias`]);
  const norm = (x: Tensor, name: string) =>
    layerNorm(x, weights[`${name}.weight`], weights[`${name}.bias`], layerNormEps);

  const tableRows = {
    word: gatherRows(weights[TABLES.word], ids),
    position: gatherRows(weights[TABLES.position], positions),
    tokenType: gatherRows(weights[TABLES.tokenType], graph.constant([0], [1], "int64")),
  };
  let hidden = norm(add(add(tableRows.word, tableRows.position), tableRows.tokenType), "embeddings.LayerNorm");
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
  const slots = reshape(hidden, [multiplyDimensions(...shape), hiddenSize]);
  return { tableRows, lastHidden: hidden, pool: (pooling) => unitLength(matmul(pooling, slots)) };
}
