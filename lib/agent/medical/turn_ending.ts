/** How a turn ends, and what is said then. */
import type { NewMessage, SessionMessage } from "../memory/mod.ts";
import type { MedicalOutcome, NumberedEvidence } from "./events.ts";
import type { FoundEvidence } from "./find_evidence.ts";
import type { RewrittenQuery } from "./rewrite_query.ts";

/** What is said where the library has nothing. */
export const NOT_KNOWN = "I do not know: the library that I may answer from says nothing that fits this question. " +
  "Please ask a doctor or pharmacist, or ask again in other words.";
/** What is said where the auditor left nothing. */
export const WITHHELD =
  "I have an answer to this, but it did not pass the check against the evidence and your profile, so I do not show it. " +
  "Please ask a doctor or pharmacist.";

/** What is known when an answer has been found. */
export interface Ending {
  outcome: MedicalOutcome;
  text: string;
  /** Between the person's message and the answer: calls of tools and their results. */
  between?: NewMessage[];
  answer?: Partial<Pick<SessionMessage, "reasoning" | "evidence" | "citations" | "critique">>;
  extra?: NonNullable<SessionMessage["extra"]>;
}

/** Of a message that was not answered. */
export function refusedBy({ reason, answer }: { reason: string; answer: string }): Ending {
  return { outcome: "refused", text: answer, extra: { reason } };
}

/** What is kept of the search beside its evidence. */
export function queryExtra(
  { text, terms, outcome, lost }: RewrittenQuery,
  { certainty }: FoundEvidence,
): NonNullable<SessionMessage["extra"]> {
  return { query: text, terms, rewrite: outcome, kept: lost, certainty };
}

/** Evidence as a session keeps it. */
export function plainEvidence(evidence: readonly NumberedEvidence[]): NonNullable<SessionMessage["evidence"]> {
  return structuredClone([...evidence]);
}
