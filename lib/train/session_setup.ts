/** What a trainer tells its session, at the beginning and at each step. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { carriesTables, type CausalLM } from "../models/mod.ts";
import type { RunParts } from "./run_record.ts";
import type { Metrics, TrainingOptions } from "./step.ts";

/** How a run evaluates. */
export interface Evaluation {
  /** Gives the metrics, as `eval_NAME`. */
  run: () => Promise<Metrics>;
  /** A digest of the data: evaluations on other data do not compare. */
  data?: () => string;
}

/** What a trainer tells its session. */
export interface SessionSetup {
  /** The trainer's name: a checkpoint of another one is refused. */
  trainer: string;
  model: CausalLM;
  adapter?: LoraAdapter;
  /** The options that decide the curve, with defaults filled in, and digests of the data; asked for where it is needed. */
  fingerprint: () => Record<string, unknown>;
  /** Whether the model as it was given is a reference for the one that is trained. Default false. */
  hasReference?: boolean;
  options: TrainingOptions & { learningRate: number };
  totalSteps: number;
  /** For `epoch`; null for data without epochs. */
  stepsPerEpoch: number | null;
  /** A loss above it has exploded, unless the run began with one nearly as high; the option of this name goes before. */
  lossLimit: number;
  evaluation?: Evaluation;
  /** JSON files that checkpoints hold besides. */
  files?: () => Record<string, unknown>;
  /** What a run's record holds besides the options: the data, the rewards. */
  parts?: RunParts;
}

/** A step's data. */
export interface StepData {
  /** Its rows of the data set. */
  rows: readonly number[];
  /** What to call them in a message, where they are not rows of `trainDataset`. */
  where?: string;
}

/** What a trainer says of a step whose gradients are with the optimizer. */
export interface StepResult extends StepData {
  /** `loss` and whatever else was measured. */
  metrics: Metrics & { loss: number };
  /** Real tokens among its rows that have not been counted yet. */
  tokens: number;
  /** When the step began, by `performance.now()`. */
  started: number;
}

/**
 * Throws when an adapter carries a token table or head and the trainer learns from texts that the policy draws: its decoder
 * holds a head of its own, and its reference is the model with the adapter off, whose tables have to stay.
 */
export function checkAdapter({ trainer, adapter }: Pick<SessionSetup, "trainer" | "adapter">): void {
  if (!["grpo", "ppo"].includes(trainer) || !carriesTables(adapter ?? null)) return;
  throw new Error(
    `${trainer} trains no adapter that carries a token table or head: merge it into modelWithTables(model, adapter) with ` +
      "mergeAdapter(), and train a new adapter on that",
  );
}

/** Throws when options count on evaluations that there will not be. */
export function checkEvaluation(setup: SessionSetup): void {
  const { options: { evalSteps = 0, earlyStoppingPatience, loadBestModelAtEnd }, evaluation } = setup;
  if (!evaluation && (loadBestModelAtEnd || earlyStoppingPatience !== undefined)) {
    const name = loadBestModelAtEnd ? "loadBestModelAtEnd" : "earlyStoppingPatience";
    throw new Error(`${name} needs evaluations: give data or a function to evaluate on`);
  }
  if (earlyStoppingPatience !== undefined && evalSteps === 0) {
    throw new Error("earlyStoppingPatience counts evaluations: set evalSteps to have some before the end");
  }
}
