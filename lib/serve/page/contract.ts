/** What the page and the server say to each other, as the page reads it. */

/** How an answer is made: from the model alone, from passages, or from passages and then audited. */
export type Mode = "direct" | "evidence" | "audited";

/** Characters of a text, from `start` up to `end`. */
export interface Span {
  start: number;
  end: number;
}

/** A passage that an answer may cite. */
export interface NumberedEvidence {
  /** From 1, as citations name it. */
  number: number;
  title: string;
  text: string;
  source: string;
  riskLevel?: string;
  score?: number;
  /** Of `text`: what the answer quotes. */
  quotes?: readonly Span[];
}

/** Something the auditor found in a draft. */
export interface Problem {
  kind: string;
  quote?: string;
  reason?: string;
}

/** What the auditor said of a draft, and what came of it. */
export interface Critique {
  verdict: string;
  problems: readonly Problem[];
  outcome?: string;
  draft?: string;
}

/** How asking came out. */
export type Outcome = "answered" | "emergency" | "refused" | "notKnown" | "withheld" | "remembered";

/** A message of a session. */
export interface SessionMessage {
  id: string;
  role: "user" | "assistant" | "tool";
  content: string;
  reasoning?: string;
  mode?: string;
  outcome?: string;
  evidence?: readonly NumberedEvidence[];
  critique?: Critique;
  /** How the answer was made. */
  extra?: { stages?: readonly StageCost[]; query?: string };
}

/** Where a fact comes from. */
export interface FactSource {
  /** Which of the person's messages, from 1. */
  turn: number;
  /** Their words; empty for an edit. */
  quote: string;
  by: "patient" | "edit";
}

export type FactValue = string | number | boolean;

/** A fact with where it comes from. */
export interface Sourced {
  value: FactValue;
  source: FactSource;
}

/** One side of a contradiction; a value of null says that a list is empty. */
export interface Claim {
  value: FactValue | null;
  isDenied?: boolean;
  source: FactSource;
}

/** Two things that cannot both be so. */
export interface Conflict {
  field: string;
  kept: Claim;
  other: Claim;
}

/** What is remembered of the person. */
export interface Profile {
  age?: Sourced;
  sex?: Sourced;
  pregnant?: Sourced;
  allergies?: readonly Sourced[];
  conditions?: readonly Sourced[];
  medicines?: readonly Sourced[];
  symptoms?: readonly Sourced[];
  /** Lists of which the person said that there is nothing in them. */
  none?: Readonly<Record<string, FactSource>>;
  conflicts?: readonly Conflict[];
}

/** What a person thinks of an answer. */
export interface Feedback {
  messageId: string;
  rating: "up" | "down";
  comment?: string;
}

/** A conversation as the server keeps it. */
export interface Session {
  id: string;
  title?: string;
  messages: readonly SessionMessage[];
  profile?: Profile;
  summary?: { text: string } | null;
  feedback?: readonly Feedback[];
}

/** A line of the history. */
export interface SessionListing {
  id: string;
  title: string;
  updated_at: string;
  messages: number;
}

/** A part of the agent's work. */
export type StageName =
  | "safety"
  | "memory"
  | "tool"
  | "rewrite"
  | "search"
  | "draft"
  | "critique"
  | "refine"
  | "recheck";

/** A part of the agent's work, and what it took. */
export interface StageCost {
  stage: StageName;
  milliseconds?: number;
  promptTokens?: number;
  completionTokens?: number;
}

/** A part of the agent's work begins or is done. */
export interface StageEvent extends StageCost {
  type: "stage";
  state: "begun" | "done";
}

/** What the server sends while it answers. */
export type ChatEvent =
  | { type: "session"; session_id: string }
  | StageEvent
  | { type: "memory"; profile: Profile }
  | { type: "query"; text: string }
  | { type: "evidence"; evidence: readonly NumberedEvidence[] }
  | { type: "reasoning"; text: string }
  | { type: "text"; text: string }
  | ({ type: "critique" } & Critique)
  | { type: "answer"; message: SessionMessage; outcome: Outcome; session?: Session };

/** What is asked of `POST /chat`. */
export interface ChatRequest {
  message: string;
  session_id?: string;
  mode?: Mode;
  model?: string;
  /** The id of an earlier question: it, and all that follows it, is taken back first. */
  replace?: string;
}
