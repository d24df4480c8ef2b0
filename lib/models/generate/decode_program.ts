/**
 * The model as programs for generation: T new tokens a row over a cache of keys and values, and what is needed of the
 * logits at chosen positions. Consecutive layers share a program, a whole small model is one; the weights are frozen into
 * it (ONNX Runtime then lays them out for speed) or fed at each run.
 */
import {
  gatherRows,
  Graph,
  mul,
  multiplyDimensions,
  reduceMax,
  reshape,
  softmax,
  type Tensor,
} from "../../graph/mod.ts";
import { embedding, rmsNorm, rotary, weightedLinear } from "../../kernels/mod.ts";
import { blockParameters, type LoraShape } from "../block_programs.ts";
import type { ModelConfig } from "../config.ts";
import type { LinearModule } from "../decoder_block.ts";
import { blockWeightShapes, decoderBlock, weightShapes } from "../families.ts";
import { MOST_FROZEN_BYTES } from "../../engine/mod.ts";
import { declareWeight, weightBytes, type WeightForm, weightForm, weightParts } from "../precision.ts";
import { cacheAttention, type CacheForm } from "./layer_cache.ts";

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

const TOKEN_TABLE = "model.embed_tokens.weight";

/** The form in which a model holds the token table, and the head. */
export function tableForm(config: ModelConfig): WeightForm {
  return weightForm(TOKEN_TABLE, [config.vocabSize, config.hiddenSize], config);
}

/**
 * Cuts the model into programs whose frozen weights stay below `limitBytes` where a single layer does: while a program is
 * made, its weights exist several times.
 */
export function planSegments(config: ModelConfig, limitBytes: number): Segment[] {
  const block = Object.entries(blockWeightShapes(config));
  const layerBytes = block.reduce((sum, [name, shape]) => sum + bytesOf(config, name, shape), 0);
  const headBytes = bytesOf(config, TOKEN_TABLE, [config.vocabSize, config.hiddenSize]);
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
 * The tensors of the weights that a segment may freeze, by the names of the inputs they take the place of: those of the
 * checkpoint, the head's under `HEAD_WEIGHT`. What does not fit into one ONNX file (the head of Qwen2.5-7B is 2.2 GB) is
 * left out, and remains an input.
 *
 * @param withTable Whether the token table is one of them, as the first segment needs it: a run reads few of its rows, so that
 *   it may be fed wherever feeds are not copied.
 */
export function segmentWeights(
  config: ModelConfig,
  { start, end, head }: Segment,
  withTable = false,
): Map<string, string> {
  const shapes = weightShapes(config);
  const names = new Map<string, string>();
  let left = MOST_FROZEN_BYTES;
  const freeze = (name: string, source: string) => {
    const bytes = bytesOf(config, source, shapes[source]);
    if (bytes > left) return;
    left -= bytes;
    const form = weightForm(source, shapes[source], config);
    const sources = Object.keys(weightParts(source, shapes[source], form));
    Object.keys(weightParts(name, shapes[source], form)).forEach((part, at) => names.set(part, sources[at]));
  };
  for (let layer = start; layer < end; layer++) {
    for (const name of Object.keys(blockWeightShapes(config))) {
      freeze(`model.layers.${layer}.${name}`, `model.layers.${layer}.${name}`);
    }
  }
  if (head) {
    freeze("model.norm.weight", "model.norm.weight");
    freeze(HEAD_WEIGHT, config.tieWordEmbeddings ? TOKEN_TABLE : "lm_head.weight");
  }
  if (withTable && start === 0) freeze(TOKEN_TABLE, TOKEN_TABLE);
  return names;
}

function bytesOf(config: ModelConfig, name: string, shape: readonly number[]): number {
  return weightBytes(name, shape, weightForm(name, shape, config));
}

/**
 * Builds a segment.
 *
 * Inputs: `ids` int64 [batch, tokens] and `model.embed_tokens.weight` in the first segment, `x` [batch, tokens, hidden] in
 * others; `positions` int64 [batch, tokens]; `cos`, `sin`; the cache and its bias as `cacheAttention` declares them;
 * weights and low-rank factors by their names in the checkpoint, B already scaled; for the head `chosen` int64 [chosen],
 * which are row * tokens + token, and in the host's form `inverseTemperature` [chosen, 1]. A `"step"` has one token a row.
 *
 * Outputs: each layer's new keys and values; then `hidden` [batch, tokens, hidden] for the next segment, or `logits`
 * [chosen, vocabulary], to which the host's form adds `probabilities` at the temperature and the highest of each a row,
 * [chosen, 1]. (On a device drawing a token is a program of its own: a prompt's scores serve all of its samples.)
 */
export function segmentOutputs(
  config: ModelConfig,
  lora: LoraShape,
  segment: Segment,
  form: CacheForm = "host",
  { table = tableForm(config), head = tableForm(config) }: { table?: WeightForm; head?: WeightForm } = {},
): Record<string, Tensor> {
  const { hiddenSize, vocabSize, headDim } = config;
  const tokens = form === "step" ? 1 : "tokens";
  const graph = new Graph();
  const outputs: Record<string, Tensor> = {};
  let x = segment.start === 0
    ? embedding(
      declareWeight(graph, TOKEN_TABLE, [vocabSize, hiddenSize], table),
      graph.input("ids", ["batch", tokens], "int64"),
    )
    : graph.input("x", ["batch", tokens, hiddenSize]);
  if (segment.end > segment.start) {
    const positions = graph.input("positions", ["batch", tokens], "int64");
    const cos = graph.input("cos", ["positions", headDim / 2]);
    const sin = graph.input("sin", ["positions", headDim / 2]);
    const rotate = (heads: Tensor) => rotary(heads, positions, cos, sin);
    const attention = cacheAttention(form, graph, config);
    const one = graph.scalar(1);
    for (let layer = segment.start; layer < segment.end; layer++) {
      const { weight, matrix, lora: loraFactors } = blockParameters(graph, config, lora, `model.layers.${layer}.`);
      const scaled = (module: LinearModule) => {
        const factors = loraFactors(module);
        return factors && { ...factors, scaling: one };
      };
      const attend = (q: Tensor, k: Tensor, v: Tensor) => attention(layer, [q, k, v], outputs);
      const block = decoderBlock(config, { x, rotate, weight, matrix, lora: scaled, attend });
      x = block.y;
    }
  }
  if (!segment.head) return { ...outputs, hidden: x };

  const chosen = gatherRows(
    reshape(x, [multiplyDimensions("batch", tokens), hiddenSize]),
    graph.input("chosen", ["chosen"], "int64"),
  );
  const normed = rmsNorm(chosen, graph.input("model.norm.weight", [hiddenSize]), config.rmsNormEps);
  const logits = weightedLinear(normed, declareWeight(graph, HEAD_WEIGHT, [vocabSize, hiddenSize], head));
  if (form !== "host") return { ...outputs, logits };
  const probabilities = softmax(mul(logits, graph.input("inverseTemperature", ["chosen", 1])));
  return {
    ...outputs,
    logits,
    probabilities,
    highestLogit: reduceMax(logits, -1),
    highestProbability: reduceMax(probabilities, -1),
  };
}
