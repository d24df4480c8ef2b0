/** The passes of PPO's critic over a batch: values, and from a loss over values to gradients. */
import { type CausalLM, disposePass, type ForwardPass, type GradientSink } from "../models/mod.ts";
import type { TrainingBatch } from "./batch.ts";
import { type Critic, VALUE_HEAD, ValueHead, valueHeadOf, type ValueInputs } from "./value_head.ts";

/** The critic being trained: the policy's frozen base, with another adapter and another head. */
export class PpoCritic {
  readonly #head: ValueHead;

  constructor(readonly model: CausalLM, readonly critic: Critic) {
    valueHeadOf(critic, model.config);
    this.#head = new ValueHead(model.engine, model.config);
  }

  /** The value of the state before each wanted token: what the position that predicts it says. */
  async values({ tokens, wanted }: TrainingBatch): Promise<number[]> {
    const pass = await this.model.forward(tokens, { adapter: this.critic });
    try {
      return pick(await this.#head.values(this.#inputs(pass)), wanted.rows);
    } finally {
      disposePass(pass);
    }
  }

  /**
   * Forward and backward.
   *
   * @param byValues From the values of the wanted tokens' states to the loss's gradient by each of them.
   * @param sink Is given the gradients by the names of the critic's factors.
   * @param residualLayers As `CausalLM.forwardBackward` takes it.
   */
  async backward(
    { tokens, wanted }: TrainingBatch,
    byValues: (values: number[]) => readonly number[],
    sink: GradientSink,
    residualLayers: number,
  ): Promise<void> {
    const { model, critic: adapter } = this;
    const pass = await model.forward(tokens, { adapter, trainable: "lora", ...model.keeping(residualLayers) });
    try {
      const inputs = this.#inputs(pass);
      const all = await this.#head.values(inputs);
      const coefficients = new Float32Array(all.length);
      byValues(pick(all, wanted.rows)).forEach((gradient, i) => coefficients[wanted.rows[i]] = gradient);
      const { hidden, head } = await this.#head.backward(inputs, coefficients);
      try {
        await sink(VALUE_HEAD, head);
      } catch (error) {
        hidden.dispose();
        throw error;
      }
      await model.backwardFrom(pass, hidden, sink);
    } finally {
      disposePass(pass);
    }
  }

  #inputs({ hidden }: ForwardPass): ValueInputs {
    const { model, critic } = this;
    return { hidden, norm: model.weight("model.norm.weight"), head: valueHeadOf(critic, model.config) };
  }

  /** Frees the programs; the critic's factors stay. */
  async dispose(): Promise<void> {
    await this.#head.dispose();
  }
}

function pick(values: ArrayLike<number>, positions: readonly number[]): number[] {
  return positions.map((position) => values[position]);
}
