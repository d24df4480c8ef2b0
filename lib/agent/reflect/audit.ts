/** What is checked, what an auditor may say of it, and what became of that. */
import type { PatientFacts, Problem } from "../../data/mod.ts";
import type { ChatUsage } from "../chat/mod.ts";

export { type Critique, critiqueSchema, type Problem, PROBLEM_KINDS, type ProblemKind } from "../../data/mod.ts";
export type { PatientFacts } from "../../data/mod.ts";

/** A draft with all that it has to agree with. */
export interface AuditInput {
  /** What the patient said of themselves. A field that was not spoken of is absent. */
  profile: PatientFacts;
  /** Texts of the passages that the draft cites; number 1 is the first. */
  evidence: readonly string[];
  question: string;
  draft: string;
}

/** Who found a problem. */
export type ProblemSource = "model" | "rules" | "both";

/** A fault of a draft. Its quote stands in the draft, as one or more whole sentences or a part of one. */
export interface FoundProblem extends Problem {
  source: ProblemSource;
  /** In a sentence, for people: what the rules say. Absent where only the model found it. */
  reason?: string;
  /** What may stand there instead, by the rules. Absent where the quote's sentence just has to go. */
  instead?: string;
}

/** A problem of the model's that does not count, and why. */
export interface DroppedProblem {
  problem: Problem;
  /** The quote is nowhere in the draft, or what is said of it is plainly not so. */
  because: "quote not found" | "refuted";
  /** For people. */
  reason: string;
}

/** Why a model gave no critique or no mended draft. */
export interface AuditFailure {
  kind: "timeout" | "malformed" | "endpoint" | "too long";
  /** For people. */
  message: string;
}

/** What was found in a draft by the model and the rules together. */
export interface Audit {
  /**
   * "unchecked": the model was asked and gave no critique, and the rules found nothing; no answer may be called checked then.
   */
  verdict: "pass" | "revise" | "unchecked";
  /** In the order of the draft; each place and kind once. */
  problems: FoundProblem[];
  /** What the model said and does not count. */
  dropped: DroppedProblem[];
  /** There when the model failed, whatever the rules found. */
  failure?: AuditFailure;
}

/** What came of asking an auditor, and what it took. */
export type AuditorReply<Value> = ({ value: Value } | { failure: AuditFailure }) & { usage: ChatUsage };
