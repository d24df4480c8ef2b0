/** What reflecting on a draft gives. */
import type { Audit } from "./audit.ts";

/** Steps of a reflection, in their order. */
export type ReflectionStage = "critique" | "refine" | "recheck";

/** What a step took. */
export interface StageRecord {
  stage: ReflectionStage;
  milliseconds: number;
  /** Of the auditor's model; 0 where only rules worked. */
  promptTokens: number;
  completionTokens: number;
}

/** What `onStage` is told; `audit` is there when a critique or recheck is done. */
export type StageEvent =
  | { state: "begun"; stage: ReflectionStage }
  | { state: "done"; audit?: Audit } & StageRecord;

/**
 * What became of a draft.
 * - "kept": nothing is wrong with it; the answer is the draft.
 * - "refined": the auditor mended it, and the mended text passed all checks.
 * - "repaired": the auditor's mended text was not good enough, or there was none: faulty sentences are taken out or replaced by
 *   safe ones by rule.
 * - "withheld": nothing was left; the answer is empty.
 * - "unchecked": no critique could be had, and the rules found nothing; the answer is the draft.
 */
export type ReflectionOutcome = "kept" | "refined" | "repaired" | "withheld" | "unchecked";

/** A draft's way through critique and refinement. */
export interface Reflection {
  /** What to show. Empty exactly when withheld. */
  answer: string;
  outcome: ReflectionOutcome;
  critique: Audit;
  /** Of the auditor's mended text; null where there was none or it was not looked at. */
  recheck: Audit | null;
  /** Why the auditor's mended text was not taken; empty where it was, or where there was nothing to mend. */
  refusals: string[];
  stages: StageRecord[];
}
