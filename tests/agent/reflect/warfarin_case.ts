/** A patient, evidence and drafts that the tests of reflection share. */
import type { AuditInput } from "../../../lib/agent/reflect/mod.ts";
import type { Critique, Problem } from "../../../lib/data/mod.ts";

export const FAULTY = "You can safely use aspirin [1].";
export const RIGHT = "Rest in a dark room can ease a headache [3].";
export const MENDED = "Because you take warfarin, avoid aspirin [2].";

/** Somebody who takes warfarin, and a draft that advises aspirin. */
export const WARFARIN: AuditInput = {
  profile: { age: 60, medicines: ["warfarin"], conditions: ["eczema"] },
  evidence: [
    "Aspirin helps with a headache: it eases pain and fever.",
    "People who take warfarin should avoid aspirin: together they cause bleeding.",
    "Many people find that rest in a dark room can ease a headache.",
  ],
  question: "What can I take for a headache?",
  draft: `${FAULTY} ${RIGHT}`,
};

export const PROBLEM: Problem = { kind: "contraindication", quote: FAULTY };

/** A critique as a model writes it. */
export function written(...problems: Problem[]): string {
  const critique: Critique = { verdict: problems.length > 0 ? "revise" : "pass", problems };
  return JSON.stringify(critique);
}
