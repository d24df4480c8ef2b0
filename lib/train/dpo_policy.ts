/** The passes of DPO over batches of pairs: by the reference, and by the policy forward and backward. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { carriesTables, type CausalLM, disposePass, type ForwardPass, type HeadOutput } from "../models/mod.ts";
import { byText, flattened, type PairBatch, type ReferenceLogps } from "./dpo_batches.ts";
import { type DpoLoss, dpoLoss } from "./dpo_loss.ts";
import type { DpoLossOptions } from "./dpo_loss_options.ts";
import { MeanLogits } from "./dpo_mean_logits.ts";
import type { Reference } from "./dpo_reference.ts";
import type { AdamW } from "./optimizer.ts";
import { mean, type Metrics } from "./step.ts";

/** By what losses of several batches divide, so that batches of any size add up to one mean. */
interface StepTotals {
  pairsInStep: number;
  chosenTokensInStep: number;
  rowTokensInStep: number;
}

/** What is logged of one batch. */
interface Measured {
  pairs: number;
  loss: number;
  /** Means over its pairs. */
  metrics: Metrics;
  /** Means over its tokens. */
  ofTokens: Metrics;
}

/** The policy being trained. */
export class DpoPolicy {
  readonly #meanLogits: MeanLogits | null;

  constructor(readonly model: CausalLM, readonly adapter: LoraAdapter | undefined, readonly options: DpoLossOptions) {
    // Where all weights are trained, or the adapter carries a head, it is another one at every step.
    this.#meanLogits = adapter && !carriesTables(adapter) ? new MeanLogits(model) : null;
  }

  /**
   * Forward and backward over the micro-batches of one optimizer step. The loss is a mean over all pairs (or tokens) of
   * the step, however they are cut into micro-batches.
   *
   * @param residualLayers As `CausalLM.forwardBackward` takes it.
   */
  async backward(
    batches: readonly PairBatch[],
    optimizer: Pick<AdamW, "addGradient">,
    residualLayers: number,
  ): Promise<Metrics & { loss: number }> {
    const { model, adapter } = this;
    const totals = totalsOf(batches);
    const passOptions = { adapter, trainable: adapter ? "lora" as const : "all" as const };
    const parts: Measured[] = [];
    for (const batch of batches) {
      const pass = await model.forward(batch.tokens, { ...passOptions, ...model.keeping(residualLayers) });
      try {
        const { result, measured } = await this.#score(batch, pass, totals);
        const { chosen, rejected, prompt } = result.gradients;
        const coefficients = flattened(batch, [
          ...chosen.map((completion, i) => ({ prompt: prompt[i], completion })),
          ...rejected.map((completion) => ({ prompt: [], completion })),
        ]);
        await model.backward(pass, batch.wanted, coefficients, optimizer.addGradient);
        parts.push(measured);
      } finally {
        disposePass(pass);
      }
    }
    return summary(parts);
  }

  /** The same numbers without a gradient, as `eval_NAME`. */
  async evaluate(batches: readonly PairBatch[]): Promise<Metrics> {
    const totals = totalsOf(batches);
    const parts: Measured[] = [];
    for (const batch of batches) {
      const pass = await this.model.forward(batch.tokens, { adapter: this.adapter });
      try {
        parts.push((await this.#score(batch, pass, totals)).measured);
      } finally {
        disposePass(pass);
      }
    }
    return Object.fromEntries(Object.entries(summary(parts)).map(([name, value]) => [`eval_${name}`, value]));
  }

  async #score(
    batch: PairBatch,
    pass: ForwardPass,
    totals: StepTotals,
  ): Promise<{ result: DpoLoss; measured: Measured }> {
    const output = await this.model.logProbs(pass, batch.wanted);
    const pairs = batch.pairs.length;
    const [chosen, rejected] = split(byText(batch, output.logProbs), pairs);
    const result = dpoLoss({
      chosenLogProbs: chosen.map(({ completion }) => completion),
      rejectedLogProbs: rejected.map(({ completion }) => completion),
      promptLogProbs: chosen.map(({ prompt }) => prompt),
      referenceChosenLogps: batch.reference?.chosen,
      referenceRejectedLogps: batch.reference?.rejected,
      ...totals,
    }, this.options);
    const logits = await this.#meanLogits?.at(pass, batch.wanted.rows);
    const measured = {
      pairs,
      loss: result.loss,
      metrics: result.metrics,
      ofTokens: tokenMetrics(batch, output, logits),
    };
    return { result, measured };
  }
}

/** What a model makes of a batch's completions: sums of log-probabilities over their tokens. */
export async function referenceLogps(
  { model, adapter }: Pick<Reference, "model" | "adapter">,
  batch: PairBatch,
): Promise<ReferenceLogps> {
  const pass = await model.forward(batch.tokens, { adapter });
  try {
    const { logProbs } = await model.logProbs(pass, batch.wanted);
    const [chosen, rejected] = split(byText(batch, logProbs), batch.pairs.length)
      .map((texts) => texts.map(({ completion }) => completion.reduce((sum, logProb) => sum + logProb, 0)));
    return { chosen, rejected };
  } finally {
    disposePass(pass);
  }
}

function split<T>(texts: readonly T[], pairs: number): [T[], T[]] {
  return [texts.slice(0, pairs), texts.slice(pairs)];
}

function totalsOf(batches: readonly PairBatch[]): StepTotals {
  const chosen = batches.flatMap(({ scored, pairs }) => scored.slice(0, pairs.length));
  const chosenTokensInStep = chosen.reduce((sum, { completion }) => sum + completion, 0);
  const promptTokens = chosen.reduce((sum, { prompt }) => sum + prompt, 0);
  return { pairsInStep: chosen.length, chosenTokensInStep, rowTokensInStep: chosenTokensInStep + promptTokens };
}

/** Entropy over all completions, the accuracy of guesses over the chosen ones, mean logits over each kind. */
function tokenMetrics(batch: PairBatch, { entropies, greedy }: HeadOutput, logits: Float64Array | undefined): Metrics {
  const completions = (flat: ArrayLike<number>) =>
    split(byText(batch, flat).map(({ completion }) => completion), batch.pairs.length).map((rows) => rows.flat());
  const [chosenLogits, rejectedLogits] = logits ? completions(logits) : [];
  return {
    entropy: mean(completions(entropies).flat()),
    mean_token_accuracy: mean(completions(greedy)[0]),
    ...(logits ? { "logits/chosen": mean(chosenLogits), "logits/rejected": mean(rejectedLogits) } : {}),
  };
}

/**
 * The loss is a sum of parts, other numbers of pairs are means over all pairs; those of tokens are means over batches,
 * as in TRL.
 */
function summary(parts: readonly Measured[]): Metrics & { loss: number } {
  const pairs = parts.reduce((sum, part) => sum + part.pairs, 0);
  const ofPairs = Object.keys(parts[0].metrics)
    .map((name) => [name, parts.reduce((sum, part) => sum + part.metrics[name] * part.pairs, 0) / pairs]);
  const ofTokens = Object.keys(parts[0].ofTokens).map((name) => [name, mean(parts.map((part) => part.ofTokens[name]))]);
  return {
    loss: parts.reduce((sum, part) => sum + part.loss, 0),
    ...Object.fromEntries(ofPairs),
    ...Object.fromEntries(ofTokens),
  };
}
