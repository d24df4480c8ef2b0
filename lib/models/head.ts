/**
 * The end of the model in training: final norm, vocabulary head and log-probabilities of chosen tokens, a chunk of rows
 * at a time, so that logits of all tokens never exist together.
 */
import { type DeviceTensor, type Engine, type Program, ProgramCache } from "../engine/mod.ts";
import { add, concat, gatherRows, gradients, Graph, reshape, type Tensor } from "../graph/mod.ts";
import { rmsNorm, type SelectiveLogProb, selectiveLogProb, type TokenObjective } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";
import { checkHeadTargets, type HeadTargets } from "./head_targets.ts";

/** Numbers for each scored position, in the order of `rows`. */
export interface HeadOutput {
  logProbs: Float32Array;
  /** What the objective raises, of which a loss is the negative mean. By default the log-probabilities themselves. */
  scores: Float32Array;
  entropies: Float32Array;
  /** 1 where the token has the highest logit, else 0. */
  greedy: Float32Array;
}

/** Gradients of the head; `null` where the weights are frozen. */
export interface HeadGradients {
  /** [batch, tokens, hidden] */
  hidden: DeviceTensor;
  /** By the final norm's weight [hidden]. */
  norm: DeviceTensor | null;
  /** By the head's weight [vocabulary, hidden]. */
  weight: DeviceTensor | null;
}

/** Logits of one chunk stay under this many numbers (64 MB of float32). */
const CHUNK_LOGITS = 16 * 1024 * 1024;

/** How many rows' logits exist together. */
export function headChunkRows({ vocabSize }: ModelConfig): number {
  return Math.max(16, Math.min(1024, Math.floor(CHUNK_LOGITS / vocabSize)));
}

/** The head's programs for one model. */
export class Head {
  readonly #programs: ProgramCache;
  readonly #chunkRows: number;

  constructor(readonly engine: Engine, readonly config: ModelConfig) {
    this.#programs = new ProgramCache(engine);
    this.#chunkRows = headChunkRows(config);
  }

  /**
   * Log-probabilities and entropies at the chosen positions.
   *
   * @param hidden [batch, tokens, hidden] before the final norm.
   * @param weights The final norm's weight and the head's, in float32.
   */
  async logProbs(
    hidden: DeviceTensor,
    weights: { norm: DeviceTensor; head: DeviceTensor },
    wanted: HeadTargets,
  ): Promise<HeadOutput> {
    const [batch, tokens] = hidden.shape;
    checkHeadTargets(wanted, { batch, tokens }, this.config);
    const program = await this.#program("forward", wanted.objective);
    const scored: ScoredChunk[] = [];
    try {
      for (const chunk of this.#chunks(wanted)) {
        const { numbers } = await this.#run(program, { hidden, ...weights }, this.#feeds(chunk));
        scored.push({ start: chunk.start, numbers });
      }
      return await this.#read(scored, wanted);
    } finally {
      for (const { numbers } of scored) numbers.dispose();
    }
  }

  /**
   * The backward pass from per-position gradients. Log-probabilities come with it, computed in the same pass.
   *
   * @param coefficients The loss's gradient by each score (log-probability), in the order of `rows`.
   * @param trainWeights Whether to return gradients by the norm and the head, or by the head alone.
   */
  async backward(
    hidden: DeviceTensor,
    weights: { norm: DeviceTensor; head: DeviceTensor },
    wanted: HeadTargets,
    coefficients: Float32Array,
    trainWeights: TrainedHead,
  ): Promise<HeadOutput & { gradients: HeadGradients }> {
    const [batch, tokens] = hidden.shape;
    checkHeadTargets(wanted, { batch, tokens }, this.config, coefficients);
    const kind = trainWeights === "head" ? "backwardHead" : trainWeights ? "backwardAll" : "backward";
    const program = await this.#program(kind, wanted.objective);
    const { vocabSize, hiddenSize } = this.config;
    const scored: ScoredChunk[] = [];
    let accumulated: Record<string, DeviceTensor> = { dHidden: this.engine.zeros(hidden.shape) };
    if (trainWeights === true) accumulated.dNorm = this.engine.zeros([hiddenSize]);
    if (trainWeights) accumulated.dHead = this.engine.zeros([vocabSize, hiddenSize]);
    try {
      for (const chunk of this.#chunks(wanted)) {
        const part = coefficients.slice(chunk.start, chunk.start + chunk.rows.length);
        const feeds = {
          ...this.#feeds(chunk),
          ...accumulated,
          coefficients: this.engine.upload(part, [part.length]),
          places: this.engine.upload(placesOf(chunk.rows, batch * tokens), [batch, tokens]),
        };
        accumulated = {}; // the run's, which frees them
        const { numbers, newHidden, newNorm, newHead } = await this.#run(program, { hidden, ...weights }, feeds);
        scored.push({ start: chunk.start, numbers });
        accumulated = { dHidden: newHidden, ...(newNorm && { dNorm: newNorm }), ...(newHead && { dHead: newHead }) };
      }
      const output = await this.#read(scored, wanted);
      const { dHidden, dNorm = null, dHead = null } = accumulated;
      accumulated = {}; // the caller's
      return { ...output, gradients: { hidden: dHidden, norm: dNorm, weight: dHead } };
    } finally {
      for (const tensor of [...scored.map(({ numbers }) => numbers), ...Object.values(accumulated)]) tensor.dispose();
    }
  }

  /** Runs a program, and frees those of its feeds that are for this run only. */
  async #run(
    program: Program,
    lasting: Record<string, DeviceTensor>,
    own: Record<string, DeviceTensor>,
  ): Promise<Record<string, DeviceTensor>> {
    try {
      return await program.run({ ...lasting, ...own });
    } finally {
      for (const tensor of Object.values(own)) tensor.dispose();
    }
  }

  *#chunks({ rows, targets, temperature = 1 }: HeadTargets) {
    for (let start = 0; start < rows.length; start += this.#chunkRows) {
      const end = start + this.#chunkRows;
      yield { start, rows: rows.slice(start, end), targets: targets.slice(start, end), temperature };
    }
  }

  #feeds({ rows, targets, temperature }: { rows: number[]; targets: number[]; temperature: number }) {
    return {
      rows: this.engine.upload(BigInt64Array.from(rows, BigInt), [rows.length]),
      targets: this.engine.upload(BigInt64Array.from(targets, BigInt), [targets.length]),
      inverseTemperature: this.engine.upload(Float32Array.of(1 / temperature), []),
    };
  }

  /** Reads what all chunks gave, once the device has been given all its work: each read waits for it. */
  async #read(scored: readonly ScoredChunk[], { rows, objective = {} }: HeadTargets): Promise<HeadOutput> {
    const [logProbs, entropies, greedy] = [0, 1, 2].map(() => new Float32Array(rows.length));
    const scores = isLogProb(objective) ? logProbs : new Float32Array(rows.length);
    for (const { start, numbers } of scored) {
      const read = await this.engine.read(numbers) as Float32Array;
      const count = numbers.shape[1];
      // In the order in which the graph joins them.
      [logProbs, entropies, greedy, scores].slice(0, numbers.shape[0]).forEach((array, row) => {
        array.set(read.subarray(row * count, (row + 1) * count), start);
      });
    }
    return { logProbs, scores, entropies, greedy };
  }

  #program(kind: Kind, objective: TokenObjective = {}): Promise<Program> {
    const { lossType = "nll", labelSmoothingFactor = 0 } = objective;
    const key = `${kind} ${lossType} ${labelSmoothingFactor}`;
    return this.#programs.get(key, () => headGraph(this.config, kind, objective));
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}

type Kind = "forward" | "backward" | "backwardHead" | "backwardAll";

/** Which of the head's weights get gradients: the final norm's and its own, its own alone, or none. */
export type TrainedHead = boolean | "head";

/** What one chunk of rows gave: `numbers` is [3 or 4, rows]. */
interface ScoredChunk {
  start: number;
  numbers: DeviceTensor;
}

/** Whether the objective is the log-probability itself. */
function isLogProb({ lossType = "nll", labelSmoothingFactor = 0 }: TokenObjective): boolean {
  return lossType === "nll" && labelSmoothingFactor === 0;
}

/** What the head's graph starts from. */
export interface HeadInputs {
  /** [rows, hidden] before the final norm: the positions to score and no others. */
  hidden: Tensor;
  /** [hidden] */
  norm: Tensor;
  /** [vocabulary, hidden] */
  head: Tensor;
  /** int64 [rows] */
  targets: Tensor;
  /** Rank 0. */
  inverseTemperature: Tensor;
}

/** The head on a graph: each [rows]; `score` is left out where it is the log-probability itself. */
export type HeadTensors = Omit<SelectiveLogProb, "score"> & { score?: Tensor };

/** Adds the head to a graph: log-probability, entropy, whether the token is the likeliest, and the objective's score. */
export function headForward(config: ModelConfig, inputs: HeadInputs, objective: TokenObjective = {}): HeadTensors {
  const { score, ...others } = tokenScores(config, inputs, objective);
  return isLogProb(objective) ? others : { ...others, score };
}

/**
 * Adds the head and its backward pass to a graph.
 *
 * @param coefficients [rows]: the loss's gradient by each score.
 * @param trainWeights Whether to compute gradients by the norm and the head, or by the head alone; others are null.
 * @returns The outputs, and gradients of the shapes of `hidden`, `norm` and `head`.
 */
export function headBackward(
  config: ModelConfig,
  inputs: HeadInputs,
  coefficients: Tensor,
  trainWeights: TrainedHead,
  objective: TokenObjective = {},
): { outputs: HeadTensors; dHidden: Tensor; dNorm: Tensor | null; dHead: Tensor | null } {
  const { hidden, norm, head } = inputs;
  const { score, ...others } = tokenScores(config, inputs, objective);
  const seed = { tensor: score, gradient: coefficients };
  const trained = trainWeights === true ? [norm, head] : trainWeights ? [head] : [];
  const [dHidden, ...ofWeights] = gradients([seed], [hidden, ...trained]);
  const [dNorm, dHead] = [norm, head].map((weight) => ofWeights[trained.indexOf(weight)] ?? null);
  return { outputs: isLogProb(objective) ? others : { ...others, score }, dHidden, dNorm, dHead };
}

function tokenScores(
  { rmsNormEps }: ModelConfig,
  { hidden, norm, head, targets, inverseTemperature }: HeadInputs,
  objective: TokenObjective,
): SelectiveLogProb {
  return selectiveLogProb(rmsNorm(hidden, norm, rmsNormEps), head, targets, inverseTemperature, objective);
}

/**
 * For each position of a batch the place that it has in `rows`, or the one behind them where it is not scored: `atPlaces`
 * with this puts gradients where they belong. A position is scored once.
 */
export function placesOf(rows: readonly number[], positions: number): BigInt64Array<ArrayBuffer> {
  const places = new BigInt64Array(positions).fill(BigInt(rows.length));
  rows.forEach((position, place) => places[position] = BigInt(place));
  return places;
}

/**
 * Rows [rows, hidden] at their positions [batch, tokens, hidden], and zeros elsewhere. Declares the input `places`. (Every
 * device can gather; scattering what some of them lack the operators for comes to the same.)
 */
export function atPlaces(graph: Graph, rows: Tensor): Tensor {
  const hiddenSize = Number(rows.shape[1]);
  const places = graph.input("places", ["batch", "tokens"], "int64");
  const nothing = graph.constant(new Float32Array(hiddenSize), [1, hiddenSize]);
  return gatherRows(concat([rows, nothing], 0), places);
}

/** A program over one chunk of rows: gradients are added to those of the chunks before. */
function headGraph(config: ModelConfig, kind: Kind, objective: TokenObjective): Record<string, Tensor> {
  const { hiddenSize, vocabSize } = config;
  const graph = new Graph();
  const all = graph.input("hidden", ["batch", "tokens", hiddenSize]);
  const norm = graph.input("norm", [hiddenSize]);
  const head = graph.input("head", [vocabSize, hiddenSize]);
  const rows = graph.input("rows", ["rows"], "int64");
  const inputs: HeadInputs = {
    hidden: gatherRows(reshape(all, ["batch*tokens", hiddenSize]), rows),
    norm,
    head,
    targets: graph.input("targets", ["rows"], "int64"),
    inverseTemperature: graph.input("inverseTemperature", []),
  };
  if (kind === "forward") return { numbers: inOneTensor(headForward(config, inputs, objective)) };

  const coefficients = graph.input("coefficients", ["rows"]);
  const trained = kind === "backwardHead" ? "head" : kind === "backwardAll";
  const pass = headBackward(config, inputs, coefficients, trained, objective);
  const dAll = graph.input("dHidden", ["batch", "tokens", hiddenSize]);
  const outputs: Record<string, Tensor> = {
    numbers: inOneTensor(pass.outputs),
    newHidden: add(dAll, atPlaces(graph, pass.dHidden)),
  };
  if (pass.dNorm) outputs.newNorm = add(graph.input("dNorm", [hiddenSize]), pass.dNorm);
  if (pass.dHead) outputs.newHead = add(graph.input("dHead", [vocabSize, hiddenSize]), pass.dHead);
  return outputs;
}

/** All that is read back of a chunk, [3 or 4, rows]: reading one tensor takes as long as reading many numbers. */
function inOneTensor({ logProb, entropy, isGreedy, score }: HeadTensors): Tensor {
  const all = [logProb, entropy, isGreedy, ...(score ? [score] : [])];
  return concat(all.map((tensor) => reshape(tensor, [1, "rows"])), 0);
}
