/** Of which layers a run keeps residuals: what of memory is to spare buys time. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { carriedFactors, type CausalLM, planMemory } from "../models/mod.ts";
import type { TrainingSession } from "./session.ts";
import type { TrainingOptions } from "./step.ts";

/** The largest micro-batch of a run. */
export interface LargestBatch {
  batch: number;
  /** Tokens of its longest row. */
  tokens: number;
}

/**
 * Chooses once for a run, and notes the choice in its log. A resumed run keeps as many layers as it did, unless it is told
 * otherwise: sums that are added up in another order differ in their last bits.
 *
 * @returns The number for `CausalLM.forwardBackward`.
 */
export function chooseKeptLayers(
  session: Pick<TrainingSession, "keptLayers" | "note">,
  model: CausalLM,
  adapter: LoraAdapter | undefined,
  { gradientCheckpointing = "auto", memoryBudget }: Pick<TrainingOptions, "gradientCheckpointing" | "memoryBudget">,
  { batch, tokens }: LargestBatch,
): number {
  const { config, engine: { device } } = model;
  const isAuto = gradientCheckpointing === "auto" && memoryBudget === undefined;
  if (session.keptLayers !== null && isAuto) return session.keptLayers;
  const trainable = adapter ? "lora" : "all";
  const longest = Math.min(tokens, config.maxPositions);
  const choice = { gradientCheckpointing, memoryBudget };
  const tables = adapter ? carriedFactors(adapter).map(([, tensor]) => tensor.shape[0]) : [];
  const carriedRows = tables.reduce((sum, rows) => sum + rows, 0);
  const plan = planMemory(config, { adapter, carriedRows, trainable, batch, tokens: longest, device, ...choice });
  session.note(plan.description);
  if (session.keptLayers !== null && session.keptLayers !== plan.residualLayers) {
    session.note(`${session.keptLayers} layers kept theirs before: the curve may differ in its last bits`);
  }
  session.keptLayers = plan.residualLayers;
  return plan.residualLayers;
}
