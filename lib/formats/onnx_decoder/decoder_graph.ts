/**
 * A whole decoder as one graph with its cache as inputs and outputs, in the layout of Optimum's exports, which
 * transformers.js loads:
 *
 *   input_ids, position_ids   int64 [batch_size, sequence_length]
 *   attention_mask            int64 [batch_size, past_sequence_length + sequence_length]
 *   past_key_values.N.key     [batch_size, kvHeads, past_sequence_length, headDim], and .value
 *
 *   logits                    float32 [batch_size, sequence_length, vocabulary]
 *   present.N.key             [batch_size, kvHeads, past_sequence_length + sequence_length, headDim], and .value
 *
 * transformers.js makes the empty cache of the first run from the inputs' own shapes, where it knows the name `batch_size`
 * and takes 0 for others.
 *
 * In float16, matrix products and the cache are float16; norms, softmax, rotary turns, activations and the sum that runs
 * through the layers are float32, where some models reach numbers that float16 does not have. The input of `down_proj`, which
 * is as large, is scaled row by row.
 */
import { Graph, lastPlaces, type Tensor } from "../../graph/mod.ts";
import { embedding, rmsNorm, type Weight, weightedLinear } from "../../kernels/mod.ts";
import {
  blockParameters,
  declareWeight,
  decoderBlock,
  type LinearModule,
  type ModelConfig,
  NO_LORA,
  TABLE_NAMES,
  weightForm,
} from "../../models/mod.ts";
import { attendWithPast, attentionBias } from "./attention.ts";
import { rotator } from "./positions.ts";
import { configIn, type OnnxVariant } from "./variants.ts";

/** transformers.js' name for the input that says of how many tokens there are logits. */
export const NUM_LOGITS = "num_logits_to_keep";

/** What a layer's cache is called as an input (`past_key_values`) or an output (`present`). */
export function cacheNames(kind: "past_key_values" | "present", layer: number): { keys: string; values: string } {
  return { keys: `${kind}.${layer}.key`, values: `${kind}.${layer}.value` };
}

/** What may be asked of the graph besides. */
export interface DecoderOptions {
  /**
   * Another input `num_logits_to_keep`, int64: of how many of the last tokens there are logits, 0 for all. Logits are then
   * [batch_size, num_logits, vocabulary].
   */
  numLogitsToKeep?: boolean;
}

/**
 * Builds the graph. Its weights are inputs by the names of their parts, those of the checkpoint.
 *
 * @returns The outputs by their names, and the inputs that are not weights.
 */
export function decoderGraph(
  config: ModelConfig,
  variant: OnnxVariant,
  { numLogitsToKeep = false }: DecoderOptions = {},
): { outputs: Record<string, Tensor>; fed: ReadonlySet<string> } {
  const { vocabSize, hiddenSize, kvHeads, headDim, layers, rmsNormEps, tieWordEmbeddings } = config;
  const own = configIn(variant, config);
  const graph = new Graph();
  const [batch, tokens, past] = ["batch_size", "sequence_length", "past_sequence_length"];
  const ids = graph.input("input_ids", [batch, tokens], "int64");
  const mask = graph.input("attention_mask", [batch, `${past} + ${tokens}`], "int64");
  const positions = graph.input("position_ids", [batch, tokens], "int64");
  const cached = (name: string) => graph.input(name, [batch, kvHeads, past, headDim], variant.cacheType);
  const caches = Array.from({ length: layers }, (_, layer) => {
    const { keys, values } = cacheNames("past_key_values", layer);
    return { keys: cached(keys), values: cached(values) };
  });
  const kept = numLogitsToKeep ? graph.input(NUM_LOGITS, [], "int64") : null;
  const fed = new Set(graph.inputs.map(({ name }) => name));

  const tableShape = [vocabSize, hiddenSize];
  const declareTable = (name: string) => declareWeight(graph, name, tableShape, weightForm(name, tableShape, own));
  const table = declareTable(TABLE_NAMES.embed_tokens);
  const bias = attentionBias(graph, ids, mask);
  const rotate = rotator(graph, config, positions);
  const presents: Record<string, Tensor> = {};
  let x = embedding(table, ids);
  for (let layer = 0; layer < layers; layer++) {
    const { weight, matrix } = blockParameters(graph, own, NO_LORA, `model.layers.${layer}.`);
    const attend = (q: Tensor, k: Tensor, v: Tensor) => {
      const { attended, present } = attendWithPast(q, { keys: k, values: v }, caches[layer], bias);
      const names = cacheNames("present", layer);
      presents[names.keys] = present.keys;
      presents[names.values] = present.values;
      return attended;
    };
    const inputs = { x, rotate, weight, lora: () => undefined, attend };
    x = decoderBlock(config, { ...inputs, matrix: (module) => unscaled(matrix(module), module) }).y;
  }
  if (kept) x = lastPlaces(x, 1, kept, "num_logits");
  const normed = rmsNorm(x, graph.input("model.norm.weight", [hiddenSize]), rmsNormEps);
  const head = tieWordEmbeddings ? table : declareTable(TABLE_NAMES.lm_head);
  return { outputs: { logits: weightedLinear(normed, unscaled(head)), ...presents }, fed };
}

/** Products whose factors come out of a norm or an average need no scaling in float16. */
function unscaled(weight: Weight, module?: LinearModule): Weight {
  return "float16" in weight && module !== "down_proj" ? { ...weight, bounded: true } : weight;
}
