/** Gradients summed over micro-batches, and the AdamW step that uses them up. */
import type { DeviceTensor, Engine, Program } from "../engine/mod.ts";
import type { Tensor } from "../graph/mod.ts";
import { accumulateGraph, ADAMW_STEP_INPUTS, adamwGraph, adamwStepValues, sumOfSquaresGraph } from "../kernels/mod.ts";

/** Options with the names and defaults of transformers' TrainingArguments. */
export interface OptimizerOptions {
  /** Default 0.9. */
  adamBeta1?: number;
  /** Default 0.999. */
  adamBeta2?: number;
  /** Default 1e-8. */
  adamEpsilon?: number;
  /** Default 0; biases and norms are never decayed. */
  weightDecay?: number;
  /** Gradients are scaled down to this global norm; default 1, 0 for no clipping. */
  maxGradNorm?: number;
}

/** Programs for tensors with any number of axes, compiled when first needed. */
class ByRank {
  readonly #programs = new Map<number, Promise<Program>>();
  constructor(readonly engine: Engine, readonly build: (rank: number) => Record<string, Tensor>) {}

  for(tensor: DeviceTensor): Promise<Program> {
    const rank = tensor.shape.length;
    let program = this.#programs.get(rank);
    if (!program) this.#programs.set(rank, program = this.engine.compile({ outputs: this.build(rank) }));
    return program;
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
  }
}

/** Whether weight decay applies to a parameter: to matrices, not to biases and norms. */
export function isDecayed(name: string): boolean {
  return !name.endsWith(".bias") && !/norm\.weight$/.test(name);
}

/** The state of one parameter. */
interface Moments {
  first: DeviceTensor;
  second: DeviceTensor;
}

/** AdamW over a set of named parameters, which it updates in place. */
export class AdamW {
  readonly #options: Required<OptimizerOptions>;
  readonly #moments = new Map<string, Moments>();
  readonly #gradients = new Map<string, DeviceTensor>();
  readonly #update: ByRank;
  readonly #squares: ByRank;
  readonly #accumulate: ByRank;
  #steps = 0;

  /**
   * @param parameters The model's weights or the adapter's factors by name; the map's tensors are replaced by each step
   *   (on the CPU they keep their memory).
   */
  constructor(
    readonly engine: Engine,
    readonly parameters: Map<string, DeviceTensor>,
    options: OptimizerOptions = {},
  ) {
    const { adamBeta1 = 0.9, adamBeta2 = 0.999, adamEpsilon = 1e-8, weightDecay = 0, maxGradNorm = 1 } = options;
    this.#options = { adamBeta1, adamBeta2, adamEpsilon, weightDecay, maxGradNorm };
    this.#update = new ByRank(
      engine,
      (rank) => adamwGraph({ beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon }, rank),
    );
    this.#squares = new ByRank(engine, sumOfSquaresGraph);
    this.#accumulate = new ByRank(engine, accumulateGraph);
  }

  /** Steps done so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Adds a micro-batch's gradient; the optimizer owns the tensor from here on. */
  addGradient = async (name: string, gradient: DeviceTensor): Promise<void> => {
    if (!this.parameters.has(name)) throw new Error(`a gradient came for "${name}", which is not trained`);
    const total = this.#gradients.get(name);
    if (!total) {
      this.#gradients.set(name, gradient);
      return;
    }
    const program = await this.#accumulate.for(total);
    const into: Record<string, DeviceTensor> = total.data ? { total } : {};
    const result = await program.run({ total, gradient }, into);
    gradient.dispose();
    if (!total.data) total.dispose();
    this.#gradients.set(name, result.total);
  };

  /**
   * One step with the gradients added since the last one, which are used up.
   *
   * @returns The gradients' global norm before clipping.
   * @throws When no gradient was added, or the norm is not finite: the parameters are then unchanged.
   */
  async step(learningRate: number): Promise<{ gradNorm: number }> {
    if (this.#gradients.size === 0) throw new Error("optimizer step: no gradient was added");
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, weightDecay, maxGradNorm } = this.#options;
    const gradNorm = await this.#gradNorm();
    if (!Number.isFinite(gradNorm)) {
      throw new Error(
        `optimizer step ${this.#steps + 1}: the gradient's norm is ${gradNorm}; parameters are unchanged`,
      );
    }
    this.#steps++;
    // PyTorch's clip_grad_norm_ adds 1e-6 before dividing.
    const clip = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (gradNorm + 1e-6)) : 1;
    for (const [name, gradient] of this.#gradients) {
      const values = adamwStepValues({ beta1, beta2, epsilon }, {
        t: this.#steps,
        learningRate,
        weightDecay: isDecayed(name) ? weightDecay : 0,
        clip,
      });
      await this.#updateOne(name, gradient, values);
      gradient.dispose();
    }
    this.#gradients.clear();
    return { gradNorm };
  }

  async #updateOne(name: string, gradient: DeviceTensor, values: ReturnType<typeof adamwStepValues>): Promise<void> {
    const parameter = this.parameters.get(name)!;
    const { first, second } = await this.#momentsOf(name, parameter);
    const scalars = ADAMW_STEP_INPUTS.map((input) => [input, this.engine.upload(Float32Array.of(values[input]), [])]);
    const state = { parameter, firstMoment: first, secondMoment: second };
    const program = await this.#update.for(parameter);
    // On the CPU the results go straight into the old arrays, so views of them elsewhere stay true.
    const updated = await program.run(
      { ...state, gradient, ...Object.fromEntries(scalars) },
      parameter.data ? state : {},
    );
    if (!parameter.data) Object.values(state).forEach((tensor) => tensor.dispose());
    this.parameters.set(name, updated.parameter);
    this.#moments.set(name, { first: updated.firstMoment, second: updated.secondMoment });
  }

  async #momentsOf(name: string, parameter: DeviceTensor): Promise<Moments> {
    let moments = this.#moments.get(name);
    if (!moments) {
      const zeros = () => this.engine.store(new Float32Array(parameter.byteLength / 4), parameter.shape);
      this.#moments.set(name, moments = { first: await zeros(), second: await zeros() });
    }
    return moments;
  }

  async #gradNorm(): Promise<number> {
    let squares = 0;
    for (const gradient of this.#gradients.values()) {
      const { sumOfSquares } = await (await this.#squares.for(gradient)).run({ gradient });
      squares += Number((await this.engine.read(sumOfSquares))[0]);
      sumOfSquares.dispose();
    }
    return Math.sqrt(squares);
  }

  /** Frees the moments, pending gradients and programs; the parameters stay. */
  async dispose(): Promise<void> {
    for (const { first, second } of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
    this.#moments.clear();
    this.#gradients.forEach((gradient) => gradient.dispose());
    this.#gradients.clear();
    for (const programs of [this.#update, this.#squares, this.#accumulate]) await programs.dispose();
  }
}
