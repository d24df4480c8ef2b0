/**
 * Generated collections of short documents about invented things, with questions of one to three hops.
 *
 * @module
 */
export { answerF1, exactMatch, normalizeAnswer } from "./answer_match.ts";
export { drawWorldEvidence, type Evidence, type EvidencePassage, type EvidenceQuestion } from "./evidence.ts";
export {
  evidenceLine,
  evidenceQuote,
  GROUNDED_PROMPT,
  type GroundedAnswer,
  groundedPrompt,
  groundedQuestion,
  NOT_IN_DOCUMENTS,
  parseGroundedAnswer,
  writeGroundedAnswer,
} from "./grounded_grammar.ts";
export { drawMedicalEvidence } from "./medical_evidence.ts";
export { distractorsOf, type HotpotRow, toHotpotRow } from "./hotpot_row.ts";
export { FIRST_NAMES, firstName, inventedName, type NameSort, similarName } from "./names.ts";
export type { Hop, MultiHopQuestion } from "./questions.ts";
export {
  type ParsedR3Step,
  parseR3Step,
  type Passage,
  R3_PROMPT,
  type R3PastStep,
  r3Prompt,
  type R3Step,
  writeR3Documents,
  writeR3Step,
} from "./r3_grammar.ts";
export { drawTrajectory, sentenceCase, type TrajectoryStep } from "./r3_trajectory.ts";
export { drawPages, type FoundPage } from "./search_pages.ts";
export { HELPS, NEXT_SEARCH_PLANS, SEARCH_PLANS } from "./search_phrases.ts";
export {
  openQuery,
  parseResults,
  QUERY_TAGS_PROMPT,
  type SearchOutcome,
  type SearchResult,
  writeOutcome,
  writeSearchResults,
} from "./tagged_search.ts";
export { contentWords, isRightQuery, overlapScore, rankByOverlap } from "./word_overlap.ts";
export { readTitledQuestions, type TitledQuestions } from "./titled_questions.ts";
export { fill, type Relation } from "./relation.ts";
export { RELATIONS } from "./relations.ts";
export { type DrawnWorld, drawWorld, type World, worldAt, type WorldDocument, type WorldOptions } from "./world.ts";
