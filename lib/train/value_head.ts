/** A head that makes one number of each hidden state: what a critic says a state is worth. */
import { createLora, type LoraAdapter, type LoraOptions } from "../adapters/mod.ts";
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { gradients, Graph, linear, type Tensor } from "../graph/mod.ts";
import { rmsNorm } from "../kernels/mod.ts";
import type { CausalLM, ModelConfig } from "../models/mod.ts";
import type { Random } from "../random/mod.ts";

/** The name of the head's weight [1, hidden] among a critic's factors; a sequence classifier of transformers calls it so. */
export const VALUE_HEAD = "score";

/**
 * A critic: a LoRA adapter of its own on the same frozen base as the policy's, whose factors hold the value head too, as
 * `score`. So the critic learns at its own rate and never pulls at the policy, and costs only its factors: r (in + out)
 * numbers for each corrected layer.
 */
export type Critic = LoraAdapter;

/** A new critic, which says 0 of every state: its head is 0, and its adapter changes nothing. It carries no tables. */
export async function createCritic(
  model: CausalLM,
  random: Random,
  options: Omit<LoraOptions, "modulesToSave" | "trainableTokenIndices"> = {},
): Promise<Critic> {
  const critic = await createLora(model, random, options);
  const shape = [1, model.config.hiddenSize];
  critic.factors.set(VALUE_HEAD, await model.engine.store(new Float32Array(shape[1]), shape));
  return critic;
}

/** The head's weight. Throws when an adapter has none. */
export function valueHeadOf(critic: LoraAdapter, { hiddenSize }: ModelConfig): DeviceTensor {
  const head = critic.factors.get(VALUE_HEAD);
  if (head?.shape.join() === `1,${hiddenSize}`) return head;
  throw new Error(
    `critic: expected factors with a value head "${VALUE_HEAD}" of [1, ${hiddenSize}], got ` +
      `${head ? `one of [${head.shape.join(", ")}]` : "none"}; createCritic makes one`,
  );
}

/** The tensors that a value comes from. */
export interface ValueInputs {
  /** [batch, tokens, hidden], before the final norm. */
  hidden: DeviceTensor;
  /** The final norm's weight [hidden]. */
  norm: DeviceTensor;
  /** The head's [1, hidden]. */
  head: DeviceTensor;
}

/** The head's programs for one model: value = head . norm(hidden). */
export class ValueHead {
  readonly #programs: ProgramCache;

  constructor(readonly engine: Engine, readonly config: ModelConfig) {
    this.#programs = new ProgramCache(engine);
  }

  /** The values of all positions, [batch * tokens]. */
  async values(inputs: ValueInputs): Promise<Float32Array> {
    const program = await this.#program("forward");
    const { values } = await program.run({ ...inputs });
    try {
      return (await this.engine.read(values) as Float32Array).slice();
    } finally {
      values.dispose();
    }
  }

  /**
   * The backward pass.
   *
   * @param coefficients [batch * tokens]: the loss's gradient by each value; 0 where a position is not in it.
   * @returns Gradients by the hidden state and by the head, which are the caller's.
   */
  async backward(
    inputs: ValueInputs,
    coefficients: Float32Array,
  ): Promise<{ hidden: DeviceTensor; head: DeviceTensor }> {
    const [batch, tokens] = inputs.hidden.shape;
    const dValues = this.engine.upload(coefficients, [batch, tokens, 1]);
    try {
      const { dHidden, dHead } = await (await this.#program("backward")).run({ ...inputs, dValues });
      return { hidden: dHidden, head: dHead };
    } finally {
      dValues.dispose();
    }
  }

  #program(kind: "forward" | "backward") {
    return this.#programs.get(kind, () => valueGraph(this.config)[kind]);
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}

/** What the two programs compute. */
function valueGraph({ hiddenSize, rmsNormEps }: ModelConfig): Record<"forward" | "backward", Record<string, Tensor>> {
  const graph = new Graph();
  const hidden = graph.input("hidden", ["batch", "tokens", hiddenSize]);
  const norm = graph.input("norm", [hiddenSize]);
  const head = graph.input("head", [1, hiddenSize]);
  const values = linear(rmsNorm(hidden, norm, rmsNormEps), head);
  const dValues = graph.input("dValues", ["batch", "tokens", 1]);
  const [dHidden, dHead] = gradients([{ tensor: values, gradient: dValues }], [hidden, head]);
  return { forward: { values }, backward: { dHidden, dHead } };
}
