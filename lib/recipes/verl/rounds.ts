/** How a run's rollouts and updates divide into verl's steps: one is a round of prompts with all its updates. */
import type { Facts } from "../facts.ts";
import { type Json, RecipeError } from "../mapping.ts";

/** A run in verl's units. */
export interface Rounds {
  /** Prompts of a round. */
  prompts: number;
  /** Completions of a prompt. */
  samples: number;
  /** Prompts whose completions one update learns from. */
  miniBatch: number;
  /** Passes over a round's completions. */
  epochs: number;
  /** Optimizer steps of a round. */
  updates: number;
  /** Rounds of the run. */
  total: number;
}

/** @throws {RecipeError} when an update learns from a part of a prompt's completions, which verl cannot say */
export function roundsOf({ method, record, values, batch }: Facts): Rounds {
  if (method === "grpo") {
    const samples = Number(values.numGenerations);
    const epochs = Number(values.numIterations);
    const passes = Number(values.stepsPerGeneration) / Number(values.gradientAccumulationSteps);
    const completions = batch.global * passes;
    return inPrompts({ completions, samples, epochs, passes, steps: record.totalSteps });
  }
  const { promptsPerRound, questionsPerRound, numGenerations, samples } = (record.episodes ?? {}) as Record<
    string,
    Json
  >;
  const prompts = Number(promptsPerRound ?? questionsPerRound ?? 0);
  const perPrompt = Number(numGenerations ?? samples ?? 1);
  if (!(prompts > 0)) {
    throw new RecipeError("rollout: an episode source of the program's own, which the run says nothing about");
  }
  return inPrompts({
    completions: prompts * perPrompt,
    samples: perPrompt,
    epochs: Number(values.numPpoEpochs),
    passes: Number(values.numMiniBatches),
    steps: record.totalSteps,
  });
}

function inPrompts(
  { completions, samples, epochs, passes, steps }: {
    completions: number;
    samples: number;
    epochs: number;
    passes: number;
    steps: number;
  },
): Rounds {
  const prompts = completions / samples;
  const miniBatch = prompts / passes;
  if (!Number.isInteger(miniBatch)) {
    throw new RecipeError(
      `an update learns from ${
        completions / passes
      } completions, which are no whole prompts of ${samples} each: verl ` +
        "divides rounds by prompts; --to trl divides them by completions",
    );
  }
  const updates = passes * epochs;
  return { prompts, samples, miniBatch, epochs, updates, total: Math.ceil(steps / updates) };
}
