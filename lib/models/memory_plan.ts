/**
 * How much memory a training pass will take, and which layers may therefore keep their residuals. Only what a pass holds is
 * counted: not weights, optimizer states, nor gradients that are collected over several passes.
 */
import { cudaStatus, type Device } from "../engine/mod.ts";
import { BYTES, peakBytes, type Tensor, tensorBytes } from "../graph/mod.ts";
import { availableMemory } from "./available_memory.ts";
import { blockOutputs, type LoraShape, NO_LORA, type Trainable } from "./block_programs.ts";
import type { ModelConfig } from "./config.ts";
import { linearShape } from "./decoder_block.ts";
import { blockWeightShapes, parameterCount, weightShapes } from "./families.ts";
import { fusedOutputs } from "./fused_program.ts";
import { headChunkRows } from "./head.ts";
import { weightBytes, weightForm } from "./precision.ts";
import { headName } from "./wide_head.ts";

/** What a plan is made for. */
export interface MemoryPlanOptions {
  /** The adapter's modules and rank; null or absent: none. */
  adapter?: LoraShape | null;
  /** Rows of tables that the adapter carries and trains. Default 0. */
  carriedRows?: number;
  trainable: Trainable;
  /** Rows of the largest micro-batch, and tokens of its longest row. */
  batch: number;
  tokens: number;
  /** Default `"cpu"`. */
  device?: Device;
  /**
   * True recomputes all layers in the backward pass (the least memory), false keeps the residuals of all (the least time),
   * `"auto"`, the default, keeps those of as many layers as the budget allows.
   */
  gradientCheckpointing?: boolean | "auto";
  /**
   * Bytes that a pass may take. Default: half of the memory that the machine (or container) has to spare, or less where
   * the optimizer will need more than the other half; on CUDA, what the weights leave of the card. Through WebGPU a GPU
   * cannot be asked: there, `"auto"` recomputes unless a budget is given.
   */
  memoryBudget?: number;
}

/** Which layers keep their residuals, and what a pass then takes. */
export interface MemoryPlan {
  /** For `forwardBackward`: the last so many layers keep their residuals. */
  residualLayers: number;
  /** An estimate of the bytes that a pass takes at most. */
  bytes: number;
  /** Bytes that it may take. */
  budget: number;
  /** A line for the log. */
  description: string;
}

/** Allocators leave gaps, and a runtime frees some values later than it could. */
const SLACK = 1.2;

/**
 * Chooses for a run: for its largest micro-batch, so that one program serves all of them.
 *
 * @throws {RangeError} When `memoryBudget` is not a number above 0, or `gradientCheckpointing` is something else.
 */
export function planMemory(config: ModelConfig, options: MemoryPlanOptions): MemoryPlan {
  const { gradientCheckpointing = "auto", device = "cpu", trainable } = options;
  const ofMachine = () => {
    if (device === "cpu") return defaultBudget(availableMemory(), trainedNumbers(config, options));
    return device === "cuda" ? cardBudget(cudaStatus().cards[0]?.memoryBytes ?? 0, config) : 0;
  };
  const { memoryBudget: budget = ofMachine() } = options;
  if (!(budget > 0) && options.memoryBudget !== undefined) {
    throw new RangeError(`memoryBudget: expected a number of bytes above 0, got ${options.memoryBudget}`);
  }
  if (![true, false, "auto"].includes(gradientCheckpointing)) {
    throw new RangeError(`gradientCheckpointing: expected true, false or "auto", got ${gradientCheckpointing}`);
  }
  const bytesOf = passBytes(config, options);
  let residualLayers = gradientCheckpointing === true || trainable === "none" ? 0 : config.layers;
  if (gradientCheckpointing === "auto") {
    while (residualLayers > 0 && bytesOf(residualLayers) > budget) residualLayers--;
  }
  const bytes = bytesOf(residualLayers);
  const kept = `residuals of ${residualLayers} of ${config.layers} layers kept: about ${showBytes(bytes)}`;
  const ofBudget = budget === 0 ? " (no memoryBudget given)" : ` of a budget of ${showBytes(budget)}`;
  const above = budget > 0 && bytes > budget ? ", which is not enough" : "";
  return { residualLayers, bytes, budget, description: kept + ofBudget + above };
}

/**
 * Bytes that a pass may take of those that are available before the first step, which then makes for each number that is
 * trained AdamW's two moments and a sum of gradients.
 */
export function defaultBudget(available: number, trained: number): number {
  const left = available - 3 * BYTES.float32 * trained;
  return Math.max(1, Math.min(available / 2, left / SLACK));
}

/** Bytes that a pass may take of a card's, where programs that train and programs that decode each hold the weights. */
export function cardBudget(memoryBytes: number, config: ModelConfig): number {
  return Math.max(0, memoryBytes / SLACK - 2 * modelBytes(config));
}

/** Bytes of a model's weights in the form in which its configuration has them. */
export function modelBytes(config: ModelConfig): number {
  return sumOf(
    Object.entries(weightShapes(config)).map(([name, shape]) =>
      weightBytes(name, shape, weightForm(name, shape, config))
    ),
  );
}

function trainedNumbers(config: ModelConfig, { adapter, carriedRows = 0, trainable }: MemoryPlanOptions): number {
  if (trainable === "all") return parameterCount(config);
  const factors = (adapter ?? NO_LORA).modules.map((module) => sumOf(linearShape(config, module)) * adapter!.r);
  return trainable === "none" ? 0 : config.layers * sumOf(factors) + carriedRows * config.hiddenSize;
}

/** The bytes of a pass by how many of the last layers keep their residuals. */
function passBytes(config: ModelConfig, options: MemoryPlanOptions): (residualLayers: number) => number {
  const { adapter, carriedRows = 0, trainable, batch, tokens, device = "cpu" } = options;
  const { layers, hiddenSize, vocabSize } = config;
  const sizes = { batch, tokens, rows: batch * tokens, positions: tokens };
  const lora = adapter ?? NO_LORA;
  const peak = (outputs: Record<string, Tensor>) => SLACK * peakBytes(Object.values(outputs), sizes);

  const hidden = batch * tokens * hiddenSize * BYTES.float32;
  const bias = batch * tokens * tokens * BYTES.float32;
  // A chunk's logits, their exponentials, gradient and one product; the gradient by the head's weight, its chunk's part
  // and their sum.
  let head = 4 * Math.min(sizes.rows, headChunkRows(config)) * vocabSize * BYTES.float32;
  const trainsTables = trainable === "all" || carriedRows > 0;
  if (trainsTables) head += 3 * vocabSize * hiddenSize * BYTES.float32;
  // A copy with the rows in place.
  if (carriedRows > 0 && carriedRows < vocabSize) head += vocabSize * hiddenSize * BYTES.float32;
  // The head in float32, where it is held in less.
  const { kind } = weightForm(headName(config), [vocabSize, hiddenSize], config);
  if (kind !== "float32") head += vocabSize * hiddenSize * BYTES.float32;
  const weights = Object.values(blockWeightShapes(config));
  const layerGradients = trainable === "all"
    ? sumOf(weights.map((shape) => tensorBytes({ dtype: "float32", shape }, {})))
    : 0;
  const single = blockOutputs(config, { lora, trainable, residuals: false });
  const recomputing = peak(single.forward) + peak(single.backward) + layerGradients;
  // Gradients that were given away stay in memory until the garbage collector gets to them.
  const garbage = trainable === "all" ? layers * layerGradients + vocabSize * hiddenSize * BYTES.float32 : 0;
  const always = bias + hidden + head + garbage;

  if (device !== "cpu" && device !== "cuda") {
    const { y: _, ...residuals } = blockOutputs(config, { lora, trainable, residuals: true }).forward;
    const kept = sumOf(Object.values(residuals).map((tensor) => tensorBytes(tensor, sizes)));
    return (residualLayers) => always + recomputing + layers * hidden + residualLayers * kept;
  }
  if (trainable === "none") return () => always + recomputing + layers * hidden;
  // Every further layer takes the same.
  const [one, two] = [1, 2].map((count) => peak(fusedOutputs(config, { layers: count, lora, trainable })));
  return (residualLayers) => {
    const before = (layers - residualLayers) * hidden + (residualLayers < layers ? recomputing : 0);
    if (residualLayers === 0) return always + before;
    // Gradients of a program come back all at once.
    return always + before + one + (residualLayers - 1) * (two - one) + residualLayers * layerGradients;
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** 212 MB, 4.1 GB */
function showBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
