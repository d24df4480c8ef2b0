/** What is asked of a judge, and what it says. What cannot be judged is a failure, never a number. */
import type { JudgeCost } from "./judge_cost.ts";

/** A text that a search found. */
export interface JudgedDocument {
  title: string;
  text: string;
}

/** One step of retrieval reasoning, with what stood before it. */
export interface StepToJudge {
  question: string;
  /** The steps before this one, each with what its query found. */
  earlier: readonly { analysis: string; query: string; documents: readonly JudgedDocument[] }[];
  analysis: string;
  /** Null in a step that answers. */
  query: string | null;
  /** Null in a step that asks. */
  answer: string | null;
  /** What the query found; empty in a step that answers. */
  documents: readonly JudgedDocument[];
}

/** How good a step is; each from 0 to 1. */
export interface StepJudgement {
  /** Whether it follows from the question and the earlier steps. */
  coherence: number;
  /** Whether its analysis is sound and leads to its query or answer. */
  rationality: number;
  /** Whether what was found helps with the question. */
  relevance: number;
  /** The judge's own words, where it has any. */
  reason?: string;
}

/** An answer, and the right one. */
export interface AnswerToJudge {
  question: string;
  answer: string;
  reference: string;
}

export interface AnswerJudgement {
  isRight: boolean;
  reason?: string;
}

/** Two answers to one prompt. */
export interface PairToJudge {
  prompt: string;
  first: string;
  second: string;
}

export interface PairJudgement {
  preferred: "first" | "second" | "tie";
  reason?: string;
}

/**
 * Why there is no judgement.
 * - `timeout`: nothing came in time.
 * - `rateLimit`: too many requests, also after the endpoint's waits.
 * - `malformed`: the reply has not the form that was asked for, however often it was asked.
 * - `refused`: the provider held the reply back.
 * - `endpoint`: anything else between here and the model.
 */
export type FailureKind = "timeout" | "rateLimit" | "malformed" | "refused" | "endpoint";

/** A judgement that did not come to be: leave the sample out, and count it. */
export interface JudgeFailure {
  failure: FailureKind;
  message: string;
}

export interface JudgeCallOptions {
  signal?: AbortSignal;
}

/** What all judges have. */
export interface Judge {
  /** For messages, logs and tables. */
  readonly name: string;
  /** What it took up to now. */
  readonly cost: JudgeCost;
}

/** Judges steps of retrieval reasoning. */
export interface StepJudge extends Judge {
  /**
   * @returns In the order of the steps.
   * @throws The signal's reason when it is aborted.
   */
  judgeSteps(
    steps: readonly StepToJudge[],
    options?: JudgeCallOptions,
  ): Promise<(StepJudgement | JudgeFailure)[]>;
}

/** Judges answers by a reference. */
export interface AnswerJudge extends Judge {
  /**
   * @returns In the order of the items.
   * @throws The signal's reason when it is aborted.
   */
  judgeAnswers(
    items: readonly AnswerToJudge[],
    options?: JudgeCallOptions,
  ): Promise<(AnswerJudgement | JudgeFailure)[]>;
}

/** Prefers one of two answers. */
export interface PairJudge extends Judge {
  /**
   * @returns In the order of the items.
   * @throws The signal's reason when it is aborted.
   */
  judgePairs(
    items: readonly PairToJudge[],
    options?: JudgeCallOptions,
  ): Promise<(PairJudgement | JudgeFailure)[]>;
}

/** Whether a judge failed on an item. */
export function isJudgeFailure(judgement: object): judgement is JudgeFailure {
  return "failure" in judgement;
}
