import { Random, type RandomSeed } from "../../random/mod.ts";
import { type Split, splitOf } from "../corpora/corpus.ts";
import type { PatientFacts } from "../patient_memory/mod.ts";
import { allows, type Draft, type Problem, PROBLEM_KINDS, type ProblemKind, writeDraft } from "./draft.ts";
import { gradeCritique, gradeRefined } from "./grade.ts";
import { drawScenario, type Scenario } from "./scenario.ts";

/** A draft whose faults are known. Synthetic, not medical advice. */
export interface CritiqueCase {
  profile: PatientFacts;
  /** Sentences; number 1 is the first. */
  evidence: readonly string[];
  question: string;
  draft: string;
  /** "clean", or the kind of the fault that was asked for; `problems` may hold one more. */
  kind: ProblemKind | "clean";
  /** In the order of the draft; none where it is clean. */
  problems: readonly Problem[];
  /** The draft, rightly mended. */
  refined: string;
  /** "valid_json", "verdict", "problem_kind" and, where there are problems, "quote_found", each from 0 to 1. */
  gradeCritique(reply: string): Record<string, number>;
  /** "mended" and "kept", each from 0 to 1. */
  gradeRefined(reply: string): Record<string, number>;
}

/** Which labelled case. */
export interface CritiqueCaseOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "test": what no chat to learn from is about. */
  split?: Split;
  /** Default: two of five are clean, and the others have any fault. */
  kind?: ProblemKind | "clean";
}

/** Labelled case number `index`, for tables of what an auditor finds and mends. */
export function critiqueCaseAt(index: number, options: CritiqueCaseOptions = {}): CritiqueCase {
  const { seed = 0, split = "test", kind } = options;
  const random = new Random(seed).fork("critique case").fork(split).fork(kind ?? "any").fork(index);
  const { scenario, draft, kind: drawn } = drawLabelled(random, split, kind);
  return {
    profile: scenario.profile,
    evidence: scenario.evidence,
    question: scenario.question,
    draft: draft.text,
    kind: drawn,
    problems: draft.problems,
    refined: draft.refined,
    gradeCritique: (reply) => gradeCritique(draft, reply),
    gradeRefined: (reply) => gradeRefined(scenario, draft, reply),
  };
}

/** A scenario with a draft for it. */
export interface LabelledDraft {
  scenario: Scenario;
  draft: Draft;
  kind: ProblemKind | "clean";
}

/** Draws until the scenario belongs to the split and allows this kind of draft. */
export function drawLabelled(random: Random, split: Split, kind = drawKind(random)): LabelledDraft {
  for (;;) {
    const scenario = drawScenario(kind === "contraindication" || random.chance(0.5), random);
    if (splitOf(`critique:${scenario.instance}`) !== split) continue;
    const draft = draftOf(scenario, kind, random);
    if (draft !== null) return { scenario, draft, kind };
  }
}

/** A draft for a scenario, in one case of eight with a second fault; null where the scenario does not allow the kind. */
export function draftOf(scenario: Scenario, kind: ProblemKind | "clean", random: Random): Draft | null {
  if (kind === "clean") return writeDraft(scenario, [], random);
  if (!allows(scenario, kind)) return null;
  const others = PROBLEM_KINDS.filter((other) => other !== kind && allows(scenario, other));
  return writeDraft(scenario, random.chance(0.12) ? [kind, random.pick(others)] : [kind], random);
}

/** By itself two of five drafts are clean. */
export function drawKind(random: Random, cleanShare = 0.4): ProblemKind | "clean" {
  return random.chance(cleanShare) ? "clean" : random.pick(PROBLEM_KINDS);
}
