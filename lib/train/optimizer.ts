/** Gradients summed over micro-batches, and the AdamW step that uses them up. */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { accumulateGraph, type AdamWOptions, adamwStepValues } from "../kernels/mod.ts";
import { GradientNorm } from "./gradient_norm.ts";
import { formatOf, type Moments, zeroMoments } from "./moments.ts";
import { checkedOptions, isDecayed, type OptimizerOptions } from "./optimizer_options.ts";
import { ParameterUpdate } from "./parameter_update.ts";

/** AdamW over a set of named parameters, which it updates in place. */
export class AdamW {
  /** With their defaults. */
  readonly options: Readonly<Required<OptimizerOptions>>;
  readonly #constants: AdamWOptions;
  readonly #moments = new Map<string, Moments>();
  readonly #gradients = new Map<string, DeviceTensor>();
  readonly #update: ParameterUpdate;
  readonly #norm: GradientNorm;
  readonly #accumulate: ProgramCache;
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
    this.options = checkedOptions(options);
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, muonMomentum } = this.options;
    this.#constants = { beta1, beta2, epsilon };
    this.#update = new ParameterUpdate(engine, { ...this.#constants, muonMomentum });
    this.#norm = new GradientNorm(engine);
    this.#accumulate = new ProgramCache(engine);
  }

  /** The moments by parameter; those that never had a gradient have none. */
  get moments(): ReadonlyMap<string, Moments> {
    return this.#moments;
  }

  /**
   * Puts moments of an earlier run in the place of a parameter's own; the optimizer owns the tensors from here on.
   *
   * @param moments The tensors that `momentTensors` names for the parameter.
   */
  restoreMoments(name: string, moments: Moments): void {
    Object.values(this.#moments.get(name) ?? {}).forEach((tensor) => tensor.dispose());
    this.#moments.set(name, moments);
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
    const rank = shape.length;
    const program = await this.#accumulate.get(`${rank}`, () => accumulateGraph(rank));
    const inPlace = this.engine.sharesMemory;
    const result = await program.run({ total, gradient }, inPlace ? { total } : {});
    gradient.dispose();
    if (!inPlace) total.dispose();
    this.#gradients.set(name, result.total);
  };

  /** The global norm of the gradients added since the last step. */
  async gradNorm(): Promise<number> {
    return await this.#norm.of([...this.#gradients.values()]);
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
    const { weightDecay, maxGradNorm } = this.options;
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
      const values = { ...adamwStepValues(this.#constants, step), learningRate };
      return Object.fromEntries(
        Object.entries(values).map(([input, value]) => [input, this.engine.upload(Float32Array.of(value), [])]),
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
    const format = formatOf(this.options.optim, name, parameter.shape);
    let moments = this.#moments.get(name);
    if (!moments) this.#moments.set(name, moments = await zeroMoments(this.engine, format, parameter.shape));
    const updated = await this.#update.run(format, { parameter, gradient, moments }, scalars);
    this.parameters.set(name, updated.parameter);
    this.#moments.set(name, updated.moments);
  }

  #dropGradients(): void {
    this.#gradients.forEach((gradient) => gradient.dispose());
    this.#gradients.clear();
  }

  /** Frees the moments, pending gradients and programs; the parameters stay. */
  async dispose(): Promise<void> {
    for (const moments of this.#moments.values()) Object.values(moments).forEach((tensor) => tensor.dispose());
    this.#moments.clear();
    this.#dropGradients();
    for (const programs of [this.#update, this.#norm, this.#accumulate]) await programs.dispose();
  }
}
