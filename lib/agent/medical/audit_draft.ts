/** Reflection on a draft, told as events of a turn and under the numbers that the person sees. */
import type { PatientFacts } from "../../data/mod.ts";
import { type Auditor, type FoundProblem, reflect, type Reflection } from "../reflect/mod.ts";
import type { AuditView } from "./audit_view.ts";
import type { MedicalEvent } from "./events.ts";
import type { StageClock } from "./stage_clock.ts";

/** What is audited, by whom, and who is told. */
export interface AuditDraftOptions {
  /** Null: the rules alone. */
  auditor: Auditor | null;
  /** The draft and its evidence as the auditor is shown them. */
  view: AuditView;
  profile: PatientFacts;
  question: string;
  clock: StageClock;
  tell: (event: MedicalEvent) => void;
  signal: AbortSignal;
}

/** @throws As `reflect`. */
export async function auditDraft(
  { auditor, view, profile, question, clock, tell, signal }: AuditDraftOptions,
): Promise<Reflection> {
  const seen = (problem: FoundProblem): FoundProblem => ({
    ...problem,
    quote: view.back(problem.quote),
    ...(problem.reason === undefined ? {} : { reason: view.back(problem.reason) }),
    ...(problem.instead === undefined ? {} : { instead: view.back(problem.instead) }),
  });
  const reflection = await reflect({
    auditor,
    profile,
    evidence: view.evidence,
    question,
    draft: view.draft,
    signal,
    onStage: (event) => {
      if (event.state === "begun") {
        clock.begin(event.stage);
        return;
      }
      const { stage, milliseconds, promptTokens, completionTokens, audit } = event;
      clock.end({ stage, milliseconds, promptTokens, completionTokens });
      if (audit !== undefined && stage === "critique") {
        tell({ type: "critique", verdict: audit.verdict, problems: audit.problems.map(seen) });
      }
    },
  });
  const { critique } = reflection;
  return {
    ...reflection,
    answer: view.back(reflection.answer),
    critique: { ...critique, problems: critique.problems.map(seen) },
  };
}
