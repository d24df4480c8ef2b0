/** How long a run takes on a machine, how much memory, and what it costs: arithmetic on measured or published rates. */
import { BYTES } from "../graph/mod.ts";
import {
  LINEAR_MODULES,
  linearShape,
  modelBytes,
  type ModelConfig,
  parameterCount,
  planMemory,
  resolvePrecision,
  type WeightPrecision,
} from "../models/mod.ts";
import { blockFlops, rolloutFlops, trainingStepFlops } from "./flops.ts";
import type { Machine } from "./machines.ts";
import { RANK, type Workload } from "./workload.ts";

/** What a run takes. */
export interface Estimate {
  seconds: number;
  /** Of them, those in which completions are written. */
  writingSeconds: number;
  /** Of one device. */
  memoryBytes: number;
  /** Whether a device has that. */
  fits: boolean;
  /** The form of the weights. */
  precision: WeightPrecision | "bfloat16";
  /** Devices times hours. */
  deviceHours: number;
}

/** Of a process with ONNX Runtime and nothing else. */
const PROCESS_BYTES = 0.3e9;

/** Rows that are decoded together at most. */
const MOST_ROWS = 64;

/** The share of a device's memory that a recipe's activations may take, and vLLM's caches. */
const RECIPE_ACTIVATIONS = 0.3;

/** The share of a device's memory that a copy of the weights may take that writes; larger ones are split over several. */
const WRITING_COPY = 0.5;

/**
 * Estimates a run with an adapter of rank 16, recomputing activations, one text at a time (GRPO: one group), with weights in the
 * best of the machine's forms that fits.
 *
 * Time is operations over the machine's rate and the share of it that steps reach; writing adds the time of reading the weights once
 * for each token of all rows together. Nothing else is counted: loading, tokenizing, rewards, waiting for other devices.
 */
export function estimate(config: ModelConfig, work: Workload, machine: Machine): Estimate {
  if (machine.runs === "recipe") return estimateIn(config, work, machine, "bfloat16");
  const all = machine.precisions.map((precision) => estimateIn(config, work, machine, precision));
  return all.find(({ fits }) => fits) ?? all[all.length - 1];
}

function estimateIn(
  config: ModelConfig,
  work: Workload,
  machine: Machine,
  precision: Estimate["precision"],
): Estimate {
  const { training, writing } = operations(config, work);
  const { gflops, gigabytes, devices, shares } = machine;
  const rate = gflops * 1e9 * shares.training * devices;
  const weights = weightBytesIn(config, precision);
  const { split, copies } = writingCopies(weights, machine);
  // Each copy reads its weights for all of its rows together.
  const readings = writing.steps * Math.ceil(writing.rows / copies / MOST_ROWS);
  const writingSeconds = writing.flops / rate + readings * weights / split / (gigabytes * 1e9 * shares.decoding);
  const seconds = training / rate + writingSeconds;
  const memoryBytes = memory(config, work, machine, precision);
  return {
    seconds,
    writingSeconds,
    memoryBytes,
    fits: memoryBytes <= machine.memoryBytes,
    precision,
    deviceHours: seconds * devices / 3600,
  };
}

/** Operations of training, and those of writing with its steps, a token of all rows each. */
function operations(config: ModelConfig, work: Workload) {
  const trainable = "lora" as const;
  const step = (batch: number, tokens: number, scored: number) =>
    trainingStepFlops(config, { batch, tokens, trainable, rank: RANK, scored, recompute: true });
  if (work.method === "grpo") {
    const { steps, prompts, samples, promptTokens, newTokens } = work;
    const rows = prompts * samples;
    const rollouts = rolloutFlops(config, { prompts, promptTokens, samples, newTokens, rank: RANK });
    return {
      training: steps * step(rows, promptTokens + newTokens, rows * newTokens),
      writing: { flops: steps * rollouts, steps: steps * newTokens, rows },
    };
  }
  const { rows, tokens, epochs } = work;
  const nothing = { flops: 0, steps: 0, rows: 0 };
  if (work.method === "sft") return { training: epochs * rows * step(1, tokens, tokens), writing: nothing };
  const head = 2 * tokens * config.vocabSize * config.hiddenSize;
  const forward = config.layers * blockFlops(config, { batch: 1, tokens, trainable: "none", rank: 0 }).forward + head;
  return { training: 2 * rows * (epochs * step(1, tokens, tokens) + forward), writing: nothing };
}

function weightBytesIn(config: ModelConfig, precision: Estimate["precision"]): number {
  return precision === "bfloat16" ? 2 * parameterCount(config) : modelBytes(withPrecision(config, precision));
}

function withPrecision(config: ModelConfig, precision: WeightPrecision): ModelConfig {
  return precision === "float32" ? config : { ...config, precision: resolvePrecision(precision) };
}

/** Over how many devices a copy of the weights that writes is split, and how many copies there are. */
function writingCopies(weights: number, { devices, memoryBytes }: Machine): { split: number; copies: number } {
  let split = 1;
  while (2 * split <= devices && weights / split > WRITING_COPY * memoryBytes) split *= 2;
  return { split, copies: Math.floor(devices / split) };
}

/** Bytes of one device. */
function memory(config: ModelConfig, work: Workload, machine: Machine, precision: Estimate["precision"]): number {
  const weights = weightBytesIn(config, precision);
  // Factors, their gradients, and AdamW's two moments.
  const trained = 4 * BYTES.float32 * config.layers *
    LINEAR_MODULES.map((module) => linearShape(config, module)).reduce((sum, [a, b]) => sum + RANK * (a + b), 0);
  if (precision === "bfloat16") {
    return (weights + trained) / machine.devices + RECIPE_ACTIVATIONS * machine.memoryBytes +
      (work.method === "grpo" ? weights / writingCopies(weights, machine).split : 0);
  }
  const [batch, tokens] = work.method === "grpo"
    ? [work.samples, work.promptTokens + work.newTokens]
    : [work.method === "dpo" ? 2 : 1, work.tokens];
  const { bytes } = planMemory(withPrecision(config, precision), {
    adapter: { r: RANK, modules: [...LINEAR_MODULES] },
    trainable: "lora",
    batch,
    tokens,
    gradientCheckpointing: true,
    memoryBudget: machine.memoryBytes,
  });
  // Decoding holds the weights once more, laid out for speed, and a cache of keys and values.
  const rows = work.method === "grpo" ? Math.min(MOST_ROWS, work.prompts * work.samples) : 0;
  const cache = 2 * rows * tokens * config.layers * config.kvHeads * config.headDim * BYTES.float32;
  return PROCESS_BYTES + weights * (rows > 0 ? 2 : 1) + trained + bytes + cache;
}
