/**
 * What an agent remembers: facts of the person with their sources, a summary of what was said, and sessions that outlast the
 * process.
 *
 * @module
 */
export { type CheckedFacts, checkFacts, type DroppedFact, type SaidFact } from "./check_facts.ts";
export { modelMessages, readableText } from "./conversation.ts";
export { editProfile, type EditTime, forgetAll, forgetEntry, type ProfilePatch, profilePatch } from "./edit.ts";
export {
  evaluateMemory,
  type EvaluateMemoryOptions,
  type MemoryChat,
  memoryChats,
  type MemoryEvaluation,
  type MemoryScore,
  memoryTable,
} from "./evaluate_memory.ts";
export type { FactsFormName } from "./facts_form.ts";
export { fitConversation, type FitOptions, type FittedConversation } from "./fit_conversation.ts";
export { memorySessionStore } from "./memory_session_store.ts";
export { type MergedProfile, mergeTurn, type ProfileChange, type TurnFacts } from "./merge.ts";
export {
  type Claim,
  emptyProfile,
  type FactField,
  type FactSource,
  type FactValue,
  type PastFact,
  type PatientProfile,
  patientProfile,
  type ProfileConflict,
  type Sourced,
} from "./profile.ts";
export { claimText, FIELD_LABELS, profileFacts, profileText } from "./profile_text.ts";
export { profileView, type ViewedField, type ViewedValue } from "./profile_view.ts";
export {
  addMemoryCounts,
  type MemoryFailure,
  type Remembered,
  rememberFacts,
  type RememberOptions,
} from "./remember.ts";
export type { NotSaid } from "./said_of.ts";
export {
  type MemoryCounts,
  type NewMessage,
  newSession,
  type Session,
  SESSION_VERSION,
  type SessionCitation,
  type SessionCritique,
  type SessionEvidence,
  type SessionFeedback,
  sessionFeedback,
  sessionId,
  type SessionMessage,
  sessionMessage,
  sessionSchema,
  titleOf,
  turnOf,
  withFeedback,
  withMessage,
} from "./session.ts";
export { editMemory, editSummary, forgetFact, forgetMemory, type MemoryTime } from "./session_memory.ts";
export {
  type ListOptions,
  type SaveOptions,
  SessionDeletedError,
  type SessionListing,
  type SessionStore,
  SessionStoreError,
  type SessionStoreOptions,
} from "./session_store.ts";
export { sqliteSessionStore } from "./sqlite_session_store.ts";
export { type Summary, summarySchema, summaryText } from "./summary.ts";
