/** The passes of PPO's policy over a batch: log-probabilities, its own and the reference's, and the clipped loss. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { type CausalLM, disposePass, type GradientSink } from "../models/mod.ts";
import type { TrainingBatch } from "./batch.ts";

/** What gives log-probabilities. */
type Scorer = Pick<PpoActor, "model"> & { adapter?: LoraAdapter };

/** The policy being trained: an adapter on a frozen base. */
export class PpoActor {
  constructor(
    readonly model: CausalLM,
    readonly adapter: LoraAdapter,
    /** At which its tokens were drawn. */
    readonly temperature: number,
  ) {}

  /** Log-probabilities of the wanted tokens by the policy or by another one. */
  async logProbs({ tokens, wanted }: TrainingBatch, { model, adapter }: Scorer = this): Promise<number[]> {
    const pass = await model.forward(tokens, { adapter });
    try {
      return Array.from((await model.logProbs(pass, { ...wanted, temperature: this.temperature })).logProbs);
    } finally {
      disposePass(pass);
    }
  }

  /**
   * Forward and backward.
   *
   * @param byLogProbs From the wanted tokens' log-probabilities to the loss's gradient by each of them.
   * @param sink Is given the gradients by the names of the adapter's factors.
   * @param residualLayers As `CausalLM.forwardBackward` takes it.
   * @returns The entropy of the distribution that each wanted token was drawn from.
   */
  async backward(
    { tokens, wanted }: TrainingBatch,
    byLogProbs: (logProbs: number[]) => readonly number[],
    sink: GradientSink,
    residualLayers: number,
  ): Promise<Float32Array> {
    const { model, adapter } = this;
    const targets = { ...wanted, temperature: this.temperature };
    const pass = await model.forward(tokens, { adapter, trainable: "lora", ...model.keeping(residualLayers) });
    try {
      const { logProbs } = await model.logProbs(pass, targets);
      const coefficients = Float32Array.from(byLogProbs(Array.from(logProbs)));
      return (await model.backward(pass, targets, coefficients, sink)).entropies;
    } finally {
      disposePass(pass);
    }
  }
}
