/** What an R3 episode is while it is played and after it. */
import type { R3Step } from "../data/mod.ts";
import type { PlayedEpisode } from "../train/mod.ts";
import type { FoundPassage } from "./passages.ts";

/** A step that was written, and what came of it. */
export interface R3StepRecord {
  step: R3Step;
  /** As it was written. */
  text: string;
  /** What its query found that had not been shown before; empty for an answer, and where nothing new was found. */
  documents: FoundPassage[];
}

/** An episode so far. One turn is one step; a last turn that is none stands in `problem`. */
export interface R3State {
  steps: R3StepRecord[];
  /** Why the last turn is no step; null where it is one. An episode that ends so is malformed. */
  problem: string | null;
  /** Turns that were no step, those too that were thrown away and written anew. */
  malformedTurns: number;
  /** The final answer; null as long as there is none. */
  answer: string | null;
  /** All passages that were shown, in their order. */
  passages: FoundPassage[];
}

/**
 * How an episode ended: with an answer; with a turn that is no step; without an answer after as many steps as it may have; with
 * no room left in the context; or with a search that failed, and then it says nothing about the policy.
 */
export type R3Ending = "answered" | "malformed" | "outOfSteps" | "noRoom" | "failed";

/** All endings. */
export const R3_ENDINGS: readonly R3Ending[] = ["answered", "malformed", "outOfSteps", "noRoom", "failed"];

/** The state of an episode that begins. */
export function newR3State(): R3State {
  return { steps: [], problem: null, malformedTurns: 0, answer: null, passages: [] };
}

/** How an episode ended. */
export function r3Ending<Task>({ ending, state }: Pick<PlayedEpisode<Task, R3State>, "ending" | "state">): R3Ending {
  if (ending === "failed") return "failed";
  if (state.answer !== null) return "answered";
  if (state.problem !== null) return "malformed";
  return ending === "maxContextTokens" ? "noRoom" : "outOfSteps";
}
