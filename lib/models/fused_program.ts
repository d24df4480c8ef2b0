/**
 * Forward and backward of the model's last layers and its head as one program. Everything that the backward needs of the
 * forward stays inside ONNX Runtime: its binding copies each output into a new array, which takes longer
 * than computing most residuals again.
 *
 * The loss's gradient by each score has to be known before the run. It is in supervised training, and in GRPO while the
 * policy is the one that drew the samples.
 */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { gatherRows, gradients, Graph, inChunks, reshape, type Tensor } from "../graph/mod.ts";
import { attention, rotary, type TokenObjective } from "../kernels/mod.ts";
import { blockParameters, gradientName, type LoraShape, type Trainable } from "./block_programs.ts";
import type { ModelConfig } from "./config.ts";
import { decoderBlock } from "./families.ts";
import { atPlaces, headBackward, headChunkRows, type HeadOutput, placesOf } from "./head.ts";
import type { HeadTargets } from "./head_targets.ts";
import type { TrainedAround } from "./model_tables.ts";
import type { TokenBatch } from "./token_batch.ts";

/** Which layers, and what for. */
export interface FusedVariant {
  /** How many of the last layers; at least 1. */
  layers: number;
  lora: LoraShape;
  trainable: Exclude<Trainable, "none">;
  /** What of the weights around the blocks is trained. Default: all with `trainable: "all"`, else none. */
  around?: TrainedAround;
  objective?: TokenObjective;
}

/** The program's feeds that say what to score. */
export function headFeeds(
  engine: Engine,
  { rows, targets, temperature = 1 }: HeadTargets,
  coefficients: Float32Array,
  { batch, tokens }: Pick<TokenBatch, "batch" | "tokens">,
): Record<string, DeviceTensor> {
  return {
    places: engine.upload(placesOf(rows, batch * tokens), [batch, tokens]),
    rows: engine.upload(BigInt64Array.from(rows, BigInt), [rows.length]),
    targets: engine.upload(BigInt64Array.from(targets, BigInt), [targets.length]),
    coefficients: engine.upload(coefficients, [coefficients.length]),
    inverseTemperature: engine.upload(Float32Array.of(1 / temperature), []),
  };
}

/** Reads the head's outputs, and frees their tensors. */
export async function readHeadOutput(
  engine: Engine,
  { logProb, score, entropy, isGreedy }: Record<string, DeviceTensor>,
): Promise<HeadOutput> {
  const read = async (tensor: DeviceTensor) => {
    const numbers = await engine.read(tensor) as Float32Array;
    tensor.dispose();
    return numbers;
  };
  const logProbs = await read(logProb);
  const scores = score ? await read(score) : logProbs;
  return { logProbs, scores, entropies: await read(entropy), greedy: await read(isGreedy) };
}

/** One compiled variant. */
interface Slot {
  key: string;
  /** The weights that became part of the program. */
  frozen: Readonly<Record<string, DeviceTensor>>;
  /** Holds the one program; it is compiled by the first run. */
  programs: ProgramCache;
  /** How many runs are under way. */
  runs: number;
}

/**
 * Compiles fused programs on demand and keeps the latest: between runs, a program holds as much memory as its largest run
 * took, and a training run needs one variant only.
 */
export class FusedPrograms {
  #latest: Slot | null = null;
  constructor(readonly engine: Engine, readonly config: ModelConfig) {}

  /**
   * Runs the program of a variant. Inputs: `x` [batch, tokens, hidden] before the layers, `positions`, `cos`, `sin`, `bias`,
   * `scaling`, the layers' weights and factors by their names in the checkpoint, `norm`, `head`, and for the positions to
   * score `rows`, `places`, `targets`, `coefficients` and `inverseTemperature`. Outputs: `logProb`, `entropy`, `isGreedy`,
   * `score` (left out where it is the log-probability), each gradient as `gradient of NAME`, `dNorm` and `dHead` where
   * they are trained, and `dx` where something before the layers needs it.
   *
   * @param frozen Feeds that no step changes. They become part of the program, which is compiled anew when it is given
   *   other ones.
   */
  async run(
    variant: FusedVariant,
    feeds: Readonly<Record<string, DeviceTensor>>,
    frozen: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, DeviceTensor>> {
    const { layers, lora, trainable, objective = {} } = variant;
    const { head, embedding } = aroundOf(variant);
    const { lossType = "nll", labelSmoothingFactor = 0 } = objective;
    const trained = [trainable, head, embedding];
    const key = [layers, [...lora.modules].sort(), lora.r, ...trained, lossType, labelSmoothingFactor].join(" ");
    const before = this.#latest;
    const isSame = before?.key === key && sameTensors(before.frozen, frozen);
    const slot = isSame ? before : { key, frozen, programs: new ProgramCache(this.engine), runs: 0 };
    this.#latest = slot;
    slot.runs++;
    try {
      if (before) await this.#freeIfDone(before);
      const program = await slot.programs.get(key, () => fusedOutputs(this.config, variant), frozen);
      return await program.run({ ...feeds, ...frozen });
    } finally {
      slot.runs--;
      await this.#freeIfDone(slot);
    }
  }

  /** Frees the program of a variant that another one has replaced, unless it runs. */
  async #freeIfDone(slot: Slot): Promise<void> {
    if (slot !== this.#latest && slot.runs === 0) await slot.programs.dispose();
  }

  /** Frees the program, and the memory that it holds between runs. */
  async dispose(): Promise<void> {
    const slot = this.#latest;
    this.#latest = null;
    if (slot) await this.#freeIfDone(slot);
  }
}

function sameTensors(a: Readonly<Record<string, DeviceTensor>>, b: Readonly<Record<string, DeviceTensor>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function aroundOf({ trainable, around }: FusedVariant): TrainedAround {
  const all = trainable === "all";
  return around ?? { norm: all, head: all, embedding: all };
}

/** What a fused program computes, by the names of its outputs. */
export function fusedOutputs(config: ModelConfig, variant: FusedVariant): Record<string, Tensor> {
  const { layers, lora, trainable, objective } = variant;
  const { hiddenSize, headDim, vocabSize } = config;
  const graph = new Graph();
  const x = graph.input("x", ["batch", "tokens", hiddenSize]);
  const positions = graph.input("positions", ["batch", "tokens"], "int64");
  const cos = graph.input("cos", ["positions", headDim / 2]);
  const sin = graph.input("sin", ["positions", headDim / 2]);
  const bias = graph.input("bias", ["batch", 1, 1, "tokens", "tokens"]);
  const rotate = (heads: Tensor) => rotary(heads, positions, cos, sin);
  const trained: Record<string, Tensor> = {};
  let y = x;
  for (let layer = config.layers - layers; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    const { weights, factors, ...parameters } = blockParameters(graph, config, lora, prefix);
    const attend = (q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v, bias);
    y = decoderBlock(config, { x: y, rotate, ...parameters, attend }).y;
    for (const [name, tensor] of Object.entries(trainable === "all" ? { ...weights, ...factors } : factors)) {
      trained[gradientName(prefix + name)] = tensor;
    }
  }

  const around = aroundOf(variant);
  const trainedHead = around.norm || (around.head && "head");
  const rows = graph.input("rows", ["rows"], "int64");
  const scored = {
    hidden: gatherRows(reshape(y, ["batch*tokens", hiddenSize]), rows),
    targets: graph.input("targets", ["rows"], "int64"),
    coefficients: graph.input("coefficients", ["rows"]),
  };
  const shared = {
    norm: graph.input("norm", [hiddenSize]),
    head: graph.input("head", [vocabSize, hiddenSize]),
    inverseTemperature: graph.input("inverseTemperature", []),
  };
  // A chunk of rows at a time, so that the logits of all of them never exist together.
  const { dHidden, ...head } = inChunks(scored, shared, headChunkRows(config), ({ coefficients, ...inputs }) => {
    const pass = headBackward(config, inputs, coefficients, trainedHead, objective);
    const sums: Record<string, Tensor> = {};
    if (pass.dNorm) sums.dNorm = pass.dNorm;
    if (pass.dHead) sums.dHead = pass.dHead;
    return { rows: { ...pass.outputs, dHidden: pass.dHidden }, sums };
  });
  const dy = atPlaces(graph, dHidden);

  // The gradient by x is wanted by the layers before, and by the embedding where that is trained.
  if (around.embedding || layers < config.layers) trained.dx = x;
  const computed = gradients([{ tensor: y, gradient: dy }], Object.values(trained));
  return { ...head, ...Object.fromEntries(Object.keys(trained).map((name, at) => [name, computed[at]])) };
}
