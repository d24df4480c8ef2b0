/** Drafts of medical answers with known faults, their critiques and their mending. */
export { type Scenario } from "./scenario.ts";
export { type Draft, type Problem, PROBLEM_KINDS, type ProblemKind } from "./draft.ts";
export { type Critique, critiqueSchema, gradeCritique, gradeRefined, parseCritique } from "./grade.ts";
export {
  type CritiqueCase,
  critiqueCaseAt,
  type CritiqueCaseOptions,
  draftOf,
  drawKind,
  drawLabelled,
  type LabelledDraft,
} from "./cases.ts";
