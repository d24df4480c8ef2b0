/**
 * A medical assistant that remembers, looks up and cites, and is audited before it is read.
 *
 * @module
 */
export {
  type ArticleCategory,
  type ArticleMetadata,
  articleMetadata,
  type DescribeOptions,
  METADATA_COLUMNS,
  RISK_LEVELS,
  type RiskLevel,
  riskOf,
} from "./article_metadata.ts";
export { type AuditView, shortView, wholeView } from "./audit_view.ts";
export { answerBodyMass, asksForBodyMass, type BodyMassAnswer } from "./body_mass.ts";
export {
  chatDrafter,
  type ChatDrafterOptions,
  type Draft,
  type Drafter,
  type DraftInput,
  extractDraft,
  houseDrafter,
} from "./draft.ts";
export { type AuditedDraft, evaluateFalseAlarms, type FalseAlarmOptions, PATIENTS } from "./evaluate_false_alarms.ts";
export { endpointModel, endpointModelFromEnvironment, type EndpointModelOptions } from "./endpoint_model.ts";
export {
  MEDICAL_MODES,
  MEDICAL_STAGES,
  type MedicalEvent,
  type MedicalMode,
  type MedicalOutcome,
  type MedicalStage,
  type MedicalStageCost,
  type NumberedEvidence,
} from "./events.ts";
export {
  type Caution,
  type EvidenceInput,
  type EvidenceOptions,
  findEvidence,
  type FoundEvidence,
  HOUSE_CERTAINTY,
} from "./find_evidence.ts";
export { isFollowUp, openQuestionOf } from "./follow_up.ts";
export { houseMedicalAgent, type HouseMedicalAgentOptions, type OpenMedicalAgent } from "./house_medical_agent.ts";
export { medicalRouter } from "./house_router.ts";
export { type KnowledgeOptions, type MedicalKnowledge, openKnowledge } from "./knowledge.ts";
export { LABELLED_FOLLOW_UPS, type LabelledFollowUp } from "./labelled_follow_ups.ts";
export { type AskOptions, LONGEST_MESSAGE, MedicalAgent, type MedicalAgentOptions } from "./medical_agent.ts";
export { missingCautions } from "./patient_cautions.ts";
export {
  GENERAL_REWRITE,
  HOUSE_REWRITE,
  type RewriteForm,
  type RewriteInput,
  type RewriteOptions,
  rewriteQuery,
  type RewrittenQuery,
} from "./rewrite_query.ts";
export { NOT_KNOWN, WITHHELD } from "./turn_ending.ts";
export { entitiesIn, entitiesOfProfile, groupsIn, type KeptEntities } from "./special_groups.ts";
