/**
 * The model as programs for generation: T new tokens a row over a cache of keys and values, and what is needed of the
 * logits at chosen positions. Consecutive layers share a program, a whole small model is one; the weights are frozen into
 * it (ONNX Runtime then lays them out for speed) or fed at each run.
 */
import { gatherRows, Graph, linear, mul, reduceMax, reshape, softmax, type Tensor } from "../../graph/mod.ts";
import { cachedAttention, embedding, rmsNorm } from "../../kernels/mod.ts";
import { blockParameters, type LoraShape } from "../block_programs.ts";
import type { ModelConfig } from "../config.ts";
import type { LinearModule } from "../decoder_block.ts";
import { blockWeightShapes, decoderBlock, weightShapes } from "../families.ts";

/** Which part of the model one program computes. The first part also looks up the tokens' embeddings. */
export interface Segment {
  /** Layers from `start` up to `end`, excluded. */
  start: number;
  end: number;
  /** Whether the final norm and the vocabulary head follow. */
  head: boolean;
}

/** The input that the head's weight is fed or frozen under: where it is tied, the embedding is an input of its own. */
export const HEAD_WEIGHT = "head.weight";

/** What an ONNX file may hold, less room for all that is not weights. */
const MOST_FROZEN_BYTES = 2 ** 31 - 2 ** 24;

/** What a layer's cache and its new rows are called. */
export function cacheNames(layer: number) {
  return {
    keys: `cache.${layer}.keys`,
    values: `cache.${layer}.values`,
    newKeys: `new.${layer}.keys`,
    newValues: `new.${layer}.values`,
  };
}

/**
 * Cuts the model into programs whose frozen weights stay below `limitBytes` where a single layer does: while a program is
 * made, its weights exist several times.
 */
export function planSegments(config: ModelConfig, limitBytes: number): Segment[] {
  const layerBytes = Object.values(blockWeightShapes(config)).reduce((sum, shape) => sum + bytesOf(shape), 0);
  const headBytes = bytesOf([config.vocabSize, config.hiddenSize]);
  const segments: Segment[] = [];
  const layersInOne = Math.max(1, Math.floor(limitBytes / layerBytes));
  for (let start = 0; start < config.layers; start += layersInOne) {
    segments.push({ start, end: Math.min(start + layersInOne, config.layers), head: false });
  }
  const last = segments[segments.length - 1];
  if ((last.end - last.start) * layerBytes + headBytes <= limitBytes) last.head = true;
  else segments.push({ start: config.layers, end: config.layers, head: true });
  return segments;
}

/**
 * The checkpoint names of the weights that a segment may freeze, the head's under `HEAD_WEIGHT`. What does not fit into one
 * ONNX file (the head of Qwen2.5-7B is 2.2 GB) is left out, and remains an input.
 */
export function segmentWeights(config: ModelConfig, { start, end, head }: Segment): Map<string, string> {
  const shapes = weightShapes(config);
  const names = new Map<string, string>();
  let left = MOST_FROZEN_BYTES;
  const freeze = (name: string, source: string) => {
    const bytes = bytesOf(shapes[source]);
    if (bytes > left) return;
    left -= bytes;
    names.set(name, source);
  };
  for (let layer = start; layer < end; layer++) {
    for (const name of Object.keys(blockWeightShapes(config))) {
      freeze(`model.layers.${layer}.${name}`, `model.layers.${layer}.${name}`);
    }
  }
  if (head) {
    freeze("model.norm.weight", "model.norm.weight");
    freeze(HEAD_WEIGHT, config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  }
  return names;
}

/** Bytes of a weight. */
function bytesOf(shape: readonly number[]): number {
  return 4 * shape.reduce((a, b) => a * b);
}

/**
 * Builds a segment.
 *
 * Inputs: `ids` int64 [batch, tokens] and `model.embed_tokens.weight` in the first segment, `x` [batch, tokens, hidden] in
 * others; `positions` int64 [batch, tokens]; `cos`, `sin`; `bias` [batch, 1, 1, tokens, cached + tokens]; `lengths` int64
 * [2], the numbers of cached and new tokens; each layer's cache [batch, kvHeads, 1, cached, headDim]; weights and low-rank
 * factors by their names in the checkpoint, B already scaled; for the head `chosen` int64 [chosen], which are row * tokens +
 * token, and `inverseTemperature` of rank 0.
 *
 * Outputs: each layer's new keys and values [batch, kvHeads, tokens, headDim]; then `hidden` [batch, tokens, hidden] for
 * the next segment, or `logits` and `probabilities` (at the temperature) [chosen, vocabulary] and the highest of each a
 * row, [chosen, 1].
 */
export function segmentOutputs(config: ModelConfig, lora: LoraShape, segment: Segment): Record<string, Tensor> {
  const { hiddenSize, vocabSize, headDim, kvHeads } = config;
  const graph = new Graph();
  const outputs: Record<string, Tensor> = {};
  let x = segment.start === 0
    ? embedding(
      graph.input("model.embed_tokens.weight", [vocabSize, hiddenSize]),
      graph.input("ids", ["batch", "tokens"], "int64"),
    )
    : graph.input("x", ["batch", "tokens", hiddenSize]);
  if (segment.end > segment.start) {
    const positions = graph.input("positions", ["batch", "tokens"], "int64");
    const cos = graph.input("cos", ["positions", headDim / 2]);
    const sin = graph.input("sin", ["positions", headDim / 2]);
    const bias = graph.input("bias", ["batch", 1, 1, "tokens", "cached + tokens"]);
    const lengths = graph.input("lengths", [2], "int64");
    const one = graph.scalar(1);
    for (let layer = segment.start; layer < segment.end; layer++) {
      const names = cacheNames(layer);
      const { weight, loraFactors } = blockParameters(graph, config, lora, `model.layers.${layer}.`);
      const scaled = (module: LinearModule) => {
        const factors = loraFactors(module);
        return factors && { ...factors, scaling: one };
      };
      const cache = {
        keys: graph.input(names.keys, ["batch", kvHeads, 1, "cached", headDim]),
        values: graph.input(names.values, ["batch", kvHeads, 1, "cached", headDim]),
        lengths,
      };
      const attend = (q: Tensor, k: Tensor, v: Tensor) => cachedAttention(q, k, v, cache, bias);
      const block = decoderBlock(config, { x, positions, cos, sin, weight, lora: scaled, attend });
      x = block.y;
      outputs[names.newKeys] = block.keys;
      outputs[names.newValues] = block.values;
    }
  }
  if (!segment.head) return { ...outputs, hidden: x };

  const chosen = gatherRows(reshape(x, ["batch*tokens", hiddenSize]), graph.input("chosen", ["chosen"], "int64"));
  const normed = rmsNorm(chosen, graph.input("model.norm.weight", [hiddenSize]), config.rmsNormEps);
  const logits = linear(normed, graph.input(HEAD_WEIGHT, [vocabSize, hiddenSize]));
  const probabilities = softmax(mul(logits, graph.input("inverseTemperature", [])));
  return {
    ...outputs,
    logits,
    probabilities,
    highestLogit: reduceMax(logits, -1),
    highestProbability: reduceMax(probabilities, -1),
  };
}
