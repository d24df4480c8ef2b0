/** The policy that GRPO trains, its reference, and the passes over a batch of rollouts. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { CausalLM, disposePass, type ForwardPass, type HeadTargets } from "../models/mod.ts";
import { collate, type TrainingBatch } from "./batch.ts";
import { grpoLoss, type GrpoLossOptions } from "./grpo_loss.ts";
import type { AdamW } from "./optimizer.ts";
import type { Rollout } from "./rollout/mod.ts";
import { mean, type Metrics } from "./step.ts";

/** What decides how a policy computes; the fields are those of `GrpoOptions`. */
export interface PolicyOptions extends GrpoLossOptions {
  model: CausalLM;
  adapter?: LoraAdapter;
  temperature?: number;
  maxCompletionLength?: number;
  padTokenId?: number;
  gradientAccumulationSteps?: number;
  maskTruncatedCompletions?: boolean;
}

/** A micro-batch of rollouts with the log-probabilities that stay as they are while it is used. */
export interface RolloutBatch {
  rollouts: readonly Rollout[];
  batch: TrainingBatch;
  wanted: HeadTargets & { rows: number[] };
  active: boolean[];
  oldLogProbs?: number[][];
  referenceLogProbs?: number[][];
}

/** Completion tokens that count in the loss. */
export function activeTokens({ rollouts, active }: RolloutBatch): number {
  return rollouts.reduce((sum, { completionIds }, i) => sum + (active[i] ? completionIds.length : 0), 0);
}

/** The policy being trained, its reference, and the passes over a batch of rollouts. */
export async function createPolicy(options: PolicyOptions) {
  const { model, adapter, beta = 0, temperature = 1, maxCompletionLength = 512, padTokenId = 0 } = options;
  const { gradientAccumulationSteps = 1, maskTruncatedCompletions = false } = options;
  // With an adapter the reference is the model without it; without one it has to be copied before training changes it.
  const reference = beta === 0 ? null : adapter ? model : await copyOf(model);
  const passOptions = { adapter, trainable: adapter ? "lora" as const : "all" as const };

  /** One list of numbers per completion out of the flat list of all scored tokens. */
  const byRollout = ({ rollouts }: RolloutBatch, flat: ArrayLike<number>): number[][] => {
    let at = 0;
    return rollouts.map(({ completionIds }) => completionIds.map(() => flat[at++]));
  };
  const score = async (scorer: CausalLM, with_: LoraAdapter | undefined, part: RolloutBatch) => {
    const pass = await scorer.forward(part.batch.tokens, { adapter: with_ });
    try {
      const { logProbs } = await scorer.logProbs(pass, part.wanted);
      return byRollout(part, logProbs);
    } finally {
      disposePass(pass);
    }
  };

  /** The loss of a micro-batch, and its gradients to the optimizer. Uses the pass up. */
  const update = async (
    part: RolloutBatch,
    pass: ForwardPass | null,
    optimizer: AdamW,
    tokensInStep: number,
    residualLayers: number,
  ) => {
    try {
      const known = pass
        ? byRollout(part, (await model.logProbs(pass, part.wanted)).logProbs)
        : part.rollouts.map(({ completionIds }) => completionIds.map(() => 0));
      const result = grpoLoss({
        logProbs: known,
        oldLogProbs: part.oldLogProbs,
        referenceLogProbs: part.referenceLogProbs,
        advantages: part.rollouts.map(({ advantage }) => advantage),
        active: part.active,
        accumulationSteps: gradientAccumulationSteps,
        tokensInStep,
        maxCompletionLength,
      }, options);
      const coefficients = Float32Array.from(result.gradients.flat());
      const output = pass
        ? await model.backward(pass, part.wanted, coefficients, optimizer.addGradient)
        : await model.forwardBackward(part.batch.tokens, part.wanted, coefficients, optimizer.addGradient, {
          ...passOptions,
          residualLayers,
        });
      return { result, output };
    } finally {
      if (pass) disposePass(pass);
    }
  };

  return {
    prepare(rollouts: readonly Rollout[]): RolloutBatch {
      const batch = collate(
        rollouts.map(({ promptIds, completionIds }) => ({
          ids: [...promptIds, ...completionIds],
          lossMask: [...promptIds.map(() => false), ...completionIds.map(() => true)],
        })),
        padTokenId,
      );
      const active = rollouts.map(({ terminated }) => terminated || !maskTruncatedCompletions);
      return { rollouts, batch, wanted: { ...batch.wanted, temperature }, active };
    },

    /** Log-probabilities of the policies that do not change while the batch is used. */
    async scoreFixed(part: RolloutBatch, onPolicy: boolean): Promise<void> {
      if (!onPolicy) part.oldLogProbs = await score(model, adapter, part);
      if (reference) part.referenceLogProbs = await score(reference, undefined, part);
    },

    /**
     * Forward and backward over the micro-batches of one optimizer step.
     *
     * @param residualLayers As `CausalLM.forwardBackward` takes it.
     */
    async backward(
      parts: readonly RolloutBatch[],
      optimizer: AdamW,
      tokensInStep: number,
      residualLayers: number,
    ): Promise<Metrics & { loss: number }> {
      let loss = 0;
      const collected: Metrics[] = [];
      for (const part of parts) {
        // On-policy and without a KL term the gradient does not depend on the log-probabilities: the ratio is 1.
        const pass = part.oldLogProbs || reference
          ? await model.forward(part.batch.tokens, { ...passOptions, ...model.keeping(residualLayers) })
          : null;
        const { result, output } = await update(part, pass, optimizer, tokensInStep, residualLayers);
        const counted = byRollout(part, output.entropies).filter((_, i) => part.active[i]).flat();
        loss += result.loss;
        collected.push({ ...result.metrics, entropy: mean(counted) });
      }
      const names = Object.keys(collected[0]);
      const means = Object.fromEntries(names.map((name) => [name, mean(collected.map((metrics) => metrics[name]))]));
      return { loss, ...means };
    },

    async dispose(): Promise<void> {
      if (reference && reference !== model) await reference.dispose();
    },
  };
}

/** A model with the same weights that training does not touch. */
async function copyOf(model: CausalLM): Promise<CausalLM> {
  const weights: CausalLM["weights"] = new Map();
  for (const [name, tensor] of model.weights) {
    const data = (await model.engine.read(tensor)).slice();
    weights.set(name, await model.engine.store(data, tensor.shape, tensor.dtype));
  }
  return new CausalLM(model.engine, model.config, weights);
}
