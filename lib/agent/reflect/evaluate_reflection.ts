/** What reflection is worth: drafts whose faults are known, and what became of them. */
import { type CritiqueCase, critiqueCaseAt, PROBLEM_KINDS, type ProblemKind } from "../../data/mod.ts";
import type { RandomSeed } from "../../random/mod.ts";
import { type ShareInterval, shareInterval } from "../route/mod.ts";
import type { Audit } from "./audit.ts";
import { sentencesOfQuote } from "./find_quote.ts";
import { type AuditOptions, reflect } from "./reflect.ts";
import type { Reflection, ReflectionStage } from "./reflection.ts";

/** The kind of a labelled case. */
export type CaseKind = ProblemKind | "clean";

/** All kinds, the clean ones first. */
export const CASE_KINDS: readonly CaseKind[] = ["clean", ...PROBLEM_KINDS];

/**
 * Labelled cases, as many of each kind: 60 by default. What no chat to learn from is about.
 *
 * @param options.perKind Default 12.
 * @param options.seed Default 0.
 */
export function reflectionCases(
  { perKind = 12, seed = 0 }: { perKind?: number; seed?: RandomSeed } = {},
): CritiqueCase[] {
  return CASE_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, (_, index) => critiqueCaseAt(index, { seed, kind }))
  );
}

/** Cases of some kind and how many of them it was so with. */
export interface CountedShare {
  count: number;
  of: number;
  /** At 95 %, by Wilson's formula; null where there was no case. */
  interval: ShareInterval | null;
}

/** What became of the cases of a kind. Each is one of fixed, broken, unchanged and other. */
export interface KindResult {
  kind: CaseKind;
  cases: number;
  /** Every fault was named at its place. Of faulty cases. */
  found: CountedShare;
  /** And named as what it is. */
  foundAsSuch: CountedShare;
  /** The answer is free of faults, says what had to be said instead, and has lost nothing. Of faulty cases. */
  fixed: CountedShare;
  /** A right sentence was lost, or a clean draft has got a fault. */
  broken: CountedShare;
  /** The answer is the draft. Right for a clean one. */
  unchanged: CountedShare;
  /** Changed, with nothing lost and not all mended. */
  other: CountedShare;
  /** A sentence without fault was called faulty. */
  falseAlarms: CountedShare;
  /** No critique could be had. */
  unchecked: CountedShare;
}

/** What a stage took, over all cases. */
export interface StageCost {
  stage: ReflectionStage;
  /** How often it ran. */
  runs: number;
  /** Means of a run. */
  milliseconds: number;
  promptTokens: number;
  completionTokens: number;
}

/** What became of one case. */
export interface ReflectedCase {
  labelled: CritiqueCase;
  reflection: Reflection;
  result: "fixed" | "broken" | "unchanged" | "other";
  found: boolean;
  foundAsSuch: boolean;
  falseAlarm: boolean;
}

/** A table of what reflection did. */
export interface ReflectionEvaluation {
  name: string;
  /** By kind, in the order of `CASE_KINDS`, without kinds that there were no cases of. */
  kinds: KindResult[];
  all: Omit<KindResult, "kind">;
  stages: StageCost[];
  /** Problems of the model that did not count, by why. */
  dropped: Record<"quote not found" | "refuted", number>;
  cases: ReflectedCase[];
}

/** Whose reflection, and on what. */
export interface EvaluateReflectionOptions extends AuditOptions {
  /** For tables. Default: the auditor's name, "rules" without one. */
  name?: string;
  /** Default: `reflectionCases()`. */
  cases?: readonly CritiqueCase[];
  onCase?: (done: ReflectedCase, index: number) => void;
}

/**
 * Reflects on labelled drafts and counts what was found, fixed, broken and left unchanged.
 *
 * @throws When there is no case, and what `reflect` throws.
 */
export async function evaluateReflection(options: EvaluateReflectionOptions): Promise<ReflectionEvaluation> {
  const { auditor, cases = reflectionCases(), onCase, name = auditor?.name ?? "rules" } = options;
  if (cases.length === 0) throw new RangeError("cases: expected at least one labelled case");
  const done: ReflectedCase[] = [];
  for (const labelled of cases) {
    const { profile, evidence, question, draft } = labelled;
    const reflection = await reflect({ ...options, profile, evidence, question, draft, onStage: undefined });
    const reflected = gradedCase(labelled, reflection);
    done.push(reflected);
    onCase?.(reflected, done.length - 1);
  }
  const present = CASE_KINDS.filter((kind) => done.some(({ labelled }) => labelled.kind === kind));
  const dropped = done.flatMap((
    { reflection: { critique, recheck } },
  ) => [...critique.dropped, ...recheck?.dropped ?? []]);
  return {
    name,
    kinds: present.map((kind) => ({ kind, ...counted(done.filter(({ labelled }) => labelled.kind === kind)) })),
    all: counted(done),
    stages: stageCosts(done),
    dropped: {
      "quote not found": dropped.filter(({ because }) => because === "quote not found").length,
      "refuted": dropped.filter(({ because }) => because === "refuted").length,
    },
    cases: done,
  };
}

function gradedCase(labelled: CritiqueCase, reflection: Reflection): ReflectedCase {
  const { mended, kept } = labelled.gradeRefined(reflection.answer);
  const isFaulty = labelled.problems.length > 0;
  const isUnchanged = reflection.answer === labelled.draft;
  const result = isUnchanged
    ? "unchanged"
    : kept < 1 || (!isFaulty && mended < 1)
    ? "broken"
    : isFaulty && mended === 1
    ? "fixed"
    : "other";
  return { labelled, reflection, result, ...namedIn(reflection.critique, labelled) };
}

function namedIn({ problems }: Audit, { problems: faults, draft }: CritiqueCase) {
  const named = problems.flatMap(({ kind, quote }) =>
    sentencesOfQuote(quote, draft).map((sentence) => ({ kind, sentence }))
  );
  const isNamed = (quote: string, kind?: ProblemKind) =>
    named.some((one) => one.sentence === quote && (kind === undefined || one.kind === kind));
  return {
    found: faults.length > 0 && faults.every(({ quote }) => isNamed(quote)),
    foundAsSuch: faults.length > 0 && faults.every(({ quote, kind }) => isNamed(quote, kind)),
    falseAlarm: named.some(({ sentence }) => !faults.some(({ quote }) => quote === sentence)),
  };
}

function counted(cases: readonly ReflectedCase[]): Omit<KindResult, "kind"> {
  const share = (all: readonly ReflectedCase[], is: (one: ReflectedCase) => boolean): CountedShare => {
    const count = all.filter(is).length;
    return { count, of: all.length, interval: all.length === 0 ? null : shareInterval(count, all.length) };
  };
  const faulty = cases.filter(({ labelled }) => labelled.problems.length > 0);
  return {
    cases: cases.length,
    found: share(faulty, ({ found }) => found),
    foundAsSuch: share(faulty, ({ foundAsSuch }) => foundAsSuch),
    fixed: share(faulty, ({ result }) => result === "fixed"),
    broken: share(cases, ({ result }) => result === "broken"),
    unchanged: share(cases, ({ result }) => result === "unchanged"),
    other: share(cases, ({ result }) => result === "other"),
    falseAlarms: share(cases, ({ falseAlarm }) => falseAlarm),
    unchecked: share(cases, ({ reflection }) => reflection.outcome === "unchecked"),
  };
}

function stageCosts(cases: readonly ReflectedCase[]): StageCost[] {
  return (["critique", "refine", "recheck"] as const).flatMap((stage) => {
    const runs = cases.flatMap(({ reflection }) => reflection.stages.filter((one) => one.stage === stage));
    if (runs.length === 0) return [];
    const mean = (field: "milliseconds" | "promptTokens" | "completionTokens") =>
      runs.reduce((sum, run) => sum + run[field], 0) / runs.length;
    return {
      stage,
      runs: runs.length,
      milliseconds: mean("milliseconds"),
      promptTokens: mean("promptTokens"),
      completionTokens: mean("completionTokens"),
    };
  });
}
