/**
 * Drafts of medical answers, looked over by an auditor that sees the evidence and the profile, and mended where they have to be.
 *
 * @module
 */
export type { ChatAuditorOptions } from "./ask_auditor.ts";
export type {
  Audit,
  AuditFailure,
  AuditInput,
  AuditorReply,
  DroppedProblem,
  FoundProblem,
  ProblemSource,
} from "./audit.ts";
export type { Auditor, AuditorCallOptions, AuditTalk } from "./auditor.ts";
export { chatAuditor } from "./chat_auditor.ts";
export { checkByRules, type RuleProblem } from "./draft_rules.ts";
export { houseAuditor, type HouseAuditorOptions } from "./house_auditor.ts";
export { audit, type AuditOptions, reflect, type ReflectOptions } from "./reflect.ts";
export type { Reflection, ReflectionOutcome, ReflectionStage, StageEvent, StageRecord } from "./reflection.ts";
export {
  CASE_KINDS,
  type CaseKind,
  type CountedShare,
  evaluateReflection,
  type EvaluateReflectionOptions,
  type KindResult,
  type ReflectedCase,
  reflectionCases,
  type ReflectionEvaluation,
  type StageCost,
} from "./evaluate_reflection.ts";
export { compareReflections, reflectionTable } from "./reflection_table.ts";
export { withoutEvidence } from "./without_evidence.ts";
