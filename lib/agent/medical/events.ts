/** What happens while a medical question is answered. */
import type {
  PatientProfile,
  ProfileChange,
  ProfileConflict,
  Session,
  SessionEvidence,
  SessionMessage,
} from "../memory/mod.ts";
import type { FoundProblem } from "../reflect/mod.ts";
import type { RiskLevel } from "./article_metadata.ts";

/**
 * How an answer is made. `direct`: by the model alone; `evidence`: from numbered passages, with citations; `audited`: the same, and
 * an auditor reads the draft before anybody else does.
 */
export const MEDICAL_MODES = ["direct", "evidence", "audited"] as const;
export type MedicalMode = typeof MEDICAL_MODES[number];

/** The steps of a turn, in their order. `tool` comes in place of the steps from `rewrite` on. */
export const MEDICAL_STAGES = [
  "safety",
  "memory",
  "tool",
  "rewrite",
  "search",
  "draft",
  "critique",
  "refine",
  "recheck",
] as const;
export type MedicalStage = typeof MEDICAL_STAGES[number];

/**
 * What became of a question. `refused`: it is none for a medical assistant, asks for a prescription, or for help to do harm;
 * `remembered`: it only told facts; `withheld`: the auditor left nothing of the draft.
 */
export type MedicalOutcome = "answered" | "emergency" | "refused" | "notKnown" | "withheld" | "remembered";

/** A passage that an answer may rest on. A `SessionEvidence` with all that is known of it. */
export interface NumberedEvidence extends SessionEvidence {
  /** The headings it stands under, the widest first. */
  headings: string[];
  /** How much harm comes of a mistake about it. */
  riskLevel: RiskLevel;
  category: string;
  /** `YYYY-MM-DD`, empty where it is not known. */
  updateDate: string;
  score: number;
  /** Offsets in `text`: the sentences that speak to the question; in an answer's message, those that it rests on. */
  quotes: { start: number; end: number }[];
}

/** What a step took. */
export interface MedicalStageCost {
  stage: MedicalStage;
  milliseconds: number;
  /** Of the model; 0 where none was asked. */
  promptTokens: number;
  completionTokens: number;
}

/** Something that happened. `answer` comes last and once; then the session is in the store. */
export type MedicalEvent =
  | { type: "stage"; state: "begun"; stage: MedicalStage }
  | { type: "stage"; state: "done" } & MedicalStageCost
  | {
    type: "memory";
    profile: PatientProfile;
    changes: readonly ProfileChange[];
    conflicts: readonly ProfileConflict[];
  }
  /** What is searched for. */
  | { type: "query"; text: string }
  | { type: "evidence"; evidence: NumberedEvidence[] }
  | { type: "reasoning"; text: string }
  /** A piece of the draft as it is written. What is shown at the end is the answer's message, which may differ. */
  | { type: "text"; text: string }
  | { type: "critique"; verdict: string; problems: readonly FoundProblem[] }
  | { type: "answer"; message: SessionMessage; outcome: MedicalOutcome; session: Session };
