/**
 * The end of the model in training: final norm, vocabulary head and log-probabilities of chosen tokens, a chunk of rows
 * at a time, so that logits of all tokens never exist together.
 */
import type { DeviceTensor, Engine, Program } from "../engine/mod.ts";
import { add, gatherRows, gradients, Graph, reshape, scatterAddRows, type Tensor } from "../graph/mod.ts";
import { rmsNorm, selectiveLogProb } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";

/** Which positions to score, and with which token. A position is row * tokens + token; for a backward pass each once. */
export interface HeadTargets {
  rows: readonly number[];
  targets: readonly number[];
  /** The policy's temperature; default 1. */
  temperature?: number;
}

/** Numbers for each scored position, in the order of `rows`. */
export interface HeadOutput {
  logProbs: Float32Array;
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

/** The head's programs for one model. */
export class Head {
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #chunkRows: number;

  constructor(readonly engine: Engine, readonly config: ModelConfig) {
    this.#chunkRows = Math.max(16, Math.min(1024, Math.floor(CHUNK_LOGITS / config.vocabSize)));
  }

  /**
   * Log-probabilities and entropies at the chosen positions.
   *
   * @param hidden [batch, tokens, hidden] before the final norm.
   * @param weights The final norm's weight and the head's.
   */
  async logProbs(
    hidden: DeviceTensor,
    weights: { norm: DeviceTensor; head: DeviceTensor },
    wanted: HeadTargets,
  ): Promise<HeadOutput> {
    const program = await this.#program("forward");
    const output = emptyOutput(wanted.rows.length);
    for (const chunk of this.#chunks(wanted)) {
      const feeds = this.#feeds(chunk);
      const results = await program.run({ hidden, norm: weights.norm, head: weights.head, ...feeds });
      Object.values(feeds).forEach((tensor) => tensor.dispose());
      await this.#collect(results, output, chunk.start);
    }
    return output;
  }

  /**
   * The backward pass from per-position gradients. Log-probabilities come with it, computed in the same pass.
   *
   * @param coefficients The loss's gradient by each log-probability, in the order of `rows`.
   * @param trainWeights Whether to return gradients by the norm and the head.
   */
  async backward(
    hidden: DeviceTensor,
    weights: { norm: DeviceTensor; head: DeviceTensor },
    wanted: HeadTargets,
    coefficients: Float32Array,
    trainWeights: boolean,
  ): Promise<HeadOutput & { gradients: HeadGradients }> {
    const program = await this.#program(trainWeights ? "backwardAll" : "backward");
    const output = emptyOutput(wanted.rows.length);
    if (coefficients.length !== wanted.rows.length) {
      throw new Error(`${coefficients.length} coefficients for ${wanted.rows.length} positions: expected one for each`);
    }
    if (new Set(wanted.rows).size < wanted.rows.length) {
      throw new Error("a position is wanted twice: a backward pass scores each once");
    }
    const { vocabSize, hiddenSize } = this.config;
    let accumulated: Record<string, DeviceTensor> = { dHidden: this.engine.zeros(hidden.shape) };
    if (trainWeights) {
      accumulated.dNorm = this.engine.zeros([hiddenSize]);
      accumulated.dHead = this.engine.zeros([vocabSize, hiddenSize]);
    }
    for (const chunk of this.#chunks(wanted)) {
      const part = coefficients.slice(chunk.start, chunk.start + chunk.rows.length);
      const feeds = { ...this.#feeds(chunk), ...accumulated, coefficients: this.engine.upload(part, [part.length]) };
      const results = await program.run({ hidden, norm: weights.norm, head: weights.head, ...feeds });
      Object.values(feeds).forEach((tensor) => tensor.dispose());
      await this.#collect(results, output, chunk.start);
      const { newHidden, newNorm, newHead } = results;
      accumulated = trainWeights ? { dHidden: newHidden, dNorm: newNorm, dHead: newHead } : { dHidden: newHidden };
    }
    const { dHidden, dNorm = null, dHead = null } = accumulated;
    return { ...output, gradients: { hidden: dHidden, norm: dNorm, weight: dHead } };
  }

  *#chunks({ rows, targets, temperature = 1 }: HeadTargets) {
    if (rows.length !== targets.length) throw new Error(`${rows.length} positions but ${targets.length} targets`);
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new RangeError(`temperature: expected a number above 0, got ${temperature}`);
    }
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

  async #collect(results: Record<string, DeviceTensor>, output: HeadOutput, start: number): Promise<void> {
    output.logProbs.set(await this.engine.read(results.logProb) as Float32Array, start);
    output.entropies.set(await this.engine.read(results.entropy) as Float32Array, start);
    output.greedy.set(await this.engine.read(results.isGreedy) as Float32Array, start);
    for (const name of ["logProb", "entropy", "isGreedy"]) results[name].dispose();
  }

  #program(kind: "forward" | "backward" | "backwardAll"): Promise<Program> {
    let program = this.#programs.get(kind);
    if (!program) this.#programs.set(kind, program = this.engine.compile({ outputs: headGraph(this.config, kind) }));
    return program;
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
  }
}

function emptyOutput(length: number): HeadOutput {
  return {
    logProbs: new Float32Array(length),
    entropies: new Float32Array(length),
    greedy: new Float32Array(length),
  };
}

function headGraph(config: ModelConfig, kind: "forward" | "backward" | "backwardAll"): Record<string, Tensor> {
  const { hiddenSize, vocabSize, rmsNormEps } = config;
  const graph = new Graph();
  const hidden = graph.input("hidden", ["batch", "tokens", hiddenSize]);
  const norm = graph.input("norm", [hiddenSize]);
  const head = graph.input("head", [vocabSize, hiddenSize]);
  const rows = graph.input("rows", ["rows"], "int64");
  const targets = graph.input("targets", ["rows"], "int64");
  const inverseTemperature = graph.input("inverseTemperature", []);
  const chosen = gatherRows(reshape(hidden, ["batch*tokens", hiddenSize]), rows);
  const outputs = selectiveLogProb(rmsNorm(chosen, norm, rmsNormEps), head, targets, inverseTemperature);
  const { logProb } = outputs;
  if (kind === "forward") return { ...outputs };

  const coefficients = graph.input("coefficients", ["rows"]);
  const wrt = kind === "backwardAll" ? [chosen, norm, head] : [chosen];
  const [dChosen, dNorm, dHead] = gradients([{ tensor: logProb, gradient: coefficients }], wrt);
  const dHidden = graph.input("dHidden", ["batch", "tokens", hiddenSize]);
  const added = scatterAddRows(reshape(dHidden, ["batch*tokens", hiddenSize]), rows, dChosen, {
    distinct: true, // a position is scored once
  });
  const newHidden = reshape(added, dHidden.shape, dHidden);
  if (kind === "backward") return { ...outputs, newHidden };
  return {
    ...outputs,
    newHidden,
    newNorm: add(graph.input("dNorm", [hiddenSize]), dNorm),
    newHead: add(graph.input("dHead", [vocabSize, hiddenSize]), dHead),
  };
}
