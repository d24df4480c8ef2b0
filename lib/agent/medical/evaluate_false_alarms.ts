/** How often an auditor finds fault with drafts that have none. */
import type { PatientFacts } from "../../data/mod.ts";
import { type Audit, audit, type AuditOptions, type Auditor } from "../reflect/mod.ts";
import { type AuditView, shortView } from "./audit_view.ts";
import { extractDraft } from "./draft.ts";
import type { NumberedEvidence } from "./events.ts";
import { findEvidence } from "./find_evidence.ts";
import type { MedicalKnowledge } from "./knowledge.ts";
import { missingCautions } from "./patient_cautions.ts";
import { entitiesOfProfile } from "./special_groups.ts";

/** Whom to evaluate, and on what. */
export interface FalseAlarmOptions extends Pick<AuditOptions, "refutes" | "timeoutMs"> {
  /** Null: the rules alone. */
  auditor: Auditor | null;
  knowledge: MedicalKnowledge;
  questions: readonly { id: string; question: string }[];
  /** Patients, dealt out to the questions in turn. Default `PATIENTS`. */
  patients?: readonly PatientFacts[];
  /** What the auditor is shown. Default `shortView`. */
  view?: (draft: string, evidence: readonly NumberedEvidence[]) => AuditView;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** A draft without fault, and what was said of it. */
export interface AuditedDraft {
  id: string;
  question: string;
  profile: PatientFacts;
  draft: string;
  verdict: Audit["verdict"];
  /** All of them false alarms: the draft quotes the library, and warns this patient where that does. */
  problems: Audit["problems"];
  /** What the auditor said and is plainly not so: false alarms that did not count. */
  refuted: number;
  milliseconds: number;
}

/** Somebody ordinary, somebody for whom much is forbidden, and somebody who takes much. */
export const PATIENTS: readonly PatientFacts[] = [
  { age: 40, sex: "male" },
  { age: 30, sex: "female", pregnant: true },
  { age: 66, conditions: ["kidney disease"], medicines: ["warfarin"], allergies: ["penicillin"] },
];

/**
 * Audits answers that are the library's own sentences, with the warnings that concern the patient. Questions that the library does not answer
 * are left out.
 *
 * @throws The signal's reason, and what the search throws.
 */
export async function evaluateFalseAlarms(options: FalseAlarmOptions): Promise<AuditedDraft[]> {
  const { auditor, knowledge, questions, patients = PATIENTS, view = shortView, signal, onProgress, ...others } =
    options;
  const audited: AuditedDraft[] = [];
  for (const [index, { id, question }] of questions.entries()) {
    const profile = patients[index % patients.length];
    const found = await findEvidence(knowledge, { query: question, question, patient: entitiesOfProfile(profile) }, {
      signal,
    });
    if (found.isKnown) {
      const own = extractDraft(question, found).text;
      const cautions = missingCautions({ draft: own, question, profile, evidence: found.evidence });
      const draft = [own, ...cautions].join(" ");
      const shown = view(draft, found.evidence);
      const begun = performance.now();
      const { verdict, problems, dropped } = await audit(
        { profile, evidence: shown.evidence, question, draft: shown.draft },
        { auditor, signal, ...others },
      );
      const refuted = dropped.filter(({ because }) => because === "refuted").length;
      audited.push({
        id,
        question,
        profile,
        draft,
        verdict,
        problems,
        refuted,
        milliseconds: performance.now() - begun,
      });
    }
    onProgress?.(index + 1, questions.length);
  }
  return audited;
}
