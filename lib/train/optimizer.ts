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

/** Throws an error that names the option that AdamW cannot work with. */
function checkOptions(options: Required<OptimizerOptions>): void {
  const fail = (name: keyof OptimizerOptions, expected: string): never => {
    throw new RangeError(`${name}: expected ${expected}, got ${options[name]}`);
  };
  for (const name of ["adamBeta1", "adamBeta2"] as const) {
    if (!(options[name] >= 0 && options[name] < 1)) fail(name, "a number from 0 to below 1");
  }
  // Without it a weight that never had a gradient would be 0 / 0.
  if (!(options.adamEpsilon > 0)) fail("adamEpsilon", "a number above 0");
  if (!(options.weightDecay >= 0 && Number.isFinite(options.weightDecay))) fail("weightDecay", "a number from 0");
  if (!(options.maxGradNorm >= 0)) fail("maxGradNorm", "a number above 0, or 0 for no clipping");
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

/** The state of one parameter: running means of its gradient and of the gradient's square. */
export interface Moments {
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
  /** Steps done so far. */
  steps = 0;

  /**
   * @param parameters The model's weights or the adapter's factors by name; the map's tensors are replaced by each step
   *   (on the CPU they keep their memory).
   * @throws {RangeError} naming the option that is out of range
   */
  constructor(
    readonly engine: Engine,
    readonly parameters: Map<string, DeviceTensor>,
    options: OptimizerOptions = {},
  ) {
    const { adamBeta1 = 0.9, adamBeta2 = 0.999, adamEpsilon = 1e-8, weightDecay = 0, maxGradNorm = 1 } = options;
    this.#options = { adamBeta1, adamBeta2, adamEpsilon, weightDecay, maxGradNorm };
    checkOptions(this.#options);
    this.#update = new ByRank(
      engine,
      (rank) => adamwGraph({ beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon }, rank),
    );
    this.#squares = new ByRank(engine, sumOfSquaresGraph);
    this.#accumulate = new ByRank(engine, accumulateGraph);
  }

  /** The moments by parameter; those that never had a gradient have none. */
  get moments(): ReadonlyMap<string, Readonly<Moments>> {
    return this.#moments;
  }

  /** Puts moments of an earlier run in the place of a parameter's own; the optimizer owns the tensors from here on. */
  restoreMoments(name: string, moments: Moments): void {
    const { first, second } = this.#moments.get(name) ?? {};
    first?.dispose();
    second?.dispose();
    this.#moments.set(name, { ...moments });
  }

  /**
   * Adds a micro-batch's gradient; the optimizer owns the tensor from here on.
   *
   * @throws When no parameter has that name, or it has another shape.
   */
  addGradient = async (name: string, gradient: DeviceTensor): Promise<void> => {
    const shape = this.parameters.get(name)?.shape;
    if (shape?.join() !== gradient.shape.join()) {
      gradient.dispose();
      const expected = shape ? `which is [${shape}]` : "which is not among the trained parameters";
      throw new Error(`a gradient of [${gradient.shape}] came for "${name}", ${expected}`);
    }
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

  /** The global norm of the gradients added since the last step. */
  async gradNorm(): Promise<number> {
    let squares = 0;
    for (const gradient of this.#gradients.values()) {
      const { sumOfSquares } = await (await this.#squares.for(gradient)).run({ gradient });
      squares += Number((await this.engine.read(sumOfSquares))[0]);
      sumOfSquares.dispose();
    }
    return Math.sqrt(squares);
  }

  /**
   * One step with the gradients added since the last one, which are used up.
   *
   * @param gradNorm Their global norm where it is known already.
   * @returns The gradients' global norm before clipping.
   * @throws When no gradient was added, or the gradients' norm is not finite: parameters and moments are then unchanged, and the
   *   gradients are dropped, so that a caller may go on with the next batch.
   */
  async step(learningRate: number, gradNorm?: number): Promise<{ gradNorm: number }> {
    if (this.#gradients.size === 0) throw new Error("optimizer step: no gradient was added");
    if (!Number.isFinite(learningRate)) throw new RangeError(`learningRate: expected a number, got ${learningRate}`);
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, weightDecay, maxGradNorm } = this.#options;
    gradNorm ??= await this.gradNorm();
    if (!Number.isFinite(gradNorm)) {
      this.#dropGradients();
      throw new Error(
        `optimizer step ${this.steps + 1}: the gradient's norm is ${gradNorm}. The parameters are unchanged; ` +
          "a lower learning rate or longer warm-up may help",
      );
    }
    this.steps++;
    // PyTorch's clip_grad_norm_ adds 1e-6 before dividing.
    const clip = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (gradNorm + 1e-6)) : 1;
    const scalarsWith = (decay: number): Record<string, DeviceTensor> => {
      const step = { t: this.steps, learningRate, weightDecay: decay, clip };
      const values = adamwStepValues({ beta1, beta2, epsilon }, step);
      return Object.fromEntries(
        ADAMW_STEP_INPUTS.map((input) => [input, this.engine.upload(Float32Array.of(values[input]), [])]),
      );
    };
    const [decayed, undecayed] = [scalarsWith(weightDecay), scalarsWith(0)];
    for (const [name, gradient] of this.#gradients) {
      await this.#updateOne(name, gradient, isDecayed(name) ? decayed : undecayed);
    }
    for (const scalars of [decayed, undecayed]) Object.values(scalars).forEach((scalar) => scalar.dispose());
    this.#dropGradients();
    return { gradNorm };
  }

  async #updateOne(name: string, gradient: DeviceTensor, scalars: Record<string, DeviceTensor>): Promise<void> {
    const parameter = this.parameters.get(name)!;
    const { first, second } = await this.#momentsOf(name, parameter);
    const state = { parameter, firstMoment: first, secondMoment: second };
    const program = await this.#update.for(parameter);
    // On the CPU the results go straight into the old arrays, so views of them elsewhere stay true.
    const updated = await program.run({ ...state, gradient, ...scalars }, parameter.data ? state : {});
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

  #dropGradients(): void {
    this.#gradients.forEach((gradient) => gradient.dispose());
    this.#gradients.clear();
  }

  /** Frees the moments, pending gradients and programs; the parameters stay. */
  async dispose(): Promise<void> {
    for (const { first, second } of this.#moments.values()) {
      first.dispose();
      second.dispose();
    }
    this.#moments.clear();
    this.#dropGradients();
    for (const programs of [this.#update, this.#squares, this.#accumulate]) await programs.dispose();
  }
}
