/** What counts of a model's critique, together with what the rules find. */
import type { Critique, Problem } from "../../data/mod.ts";
import type { Audit, AuditFailure, AuditInput, DroppedProblem, FoundProblem } from "./audit.ts";
import { checkByRules, type RuleProblem } from "./draft_rules.ts";
import { sentencesOf } from "../safety/mod.ts";
import { quoteInDraft, sentencesOfQuote } from "./find_quote.ts";
import { refutation, type RefuteOptions } from "./refute.ts";

/** What the model and the rules are to say, and how. */
export interface JudgeDraftOptions extends RefuteOptions {
  /** Whether the rules are asked. Default true. */
  rules?: boolean;
  /** Whether problems of the model that are plainly none are dropped. Default: `rules`. */
  refutes?: boolean;
}

/**
 * The problems of a draft: the model's whose quotes stand in it and that nothing refutes, and the rules'. The same kind at the same place is
 * one problem of both.
 *
 * @param critique The model's, or why there is none; null where no model was asked.
 */
export function judgeDraft(
  input: AuditInput,
  critique: Critique | { failure: AuditFailure } | null,
  options: JudgeDraftOptions = {},
): Audit {
  const { rules = true, refutes = rules } = options;
  const dropped: DroppedProblem[] = [];
  const said = critique !== null && !("failure" in critique)
    ? heldProblems(critique.problems, input, { ...options, refutes }, dropped)
    : [];
  const problems = union(said, rules ? checkByRules(input) : [], input.draft);
  const failure = critique !== null && "failure" in critique ? critique.failure : lostFailure(said, dropped);
  const verdict = problems.length > 0 ? "revise" : failure === undefined ? "pass" : "unchecked";
  return { verdict, problems, dropped, ...(failure === undefined ? {} : { failure }) };
}

/** A model that found faults, but quoted nothing of the draft, has not checked this draft. */
function lostFailure(said: readonly Problem[], dropped: readonly DroppedProblem[]): AuditFailure | undefined {
  if (said.length > 0 || !dropped.some(({ because }) => because === "quote not found")) return undefined;
  return { kind: "malformed", message: "the model found problems, but none of its quotes stands in the draft" };
}

function heldProblems(
  problems: readonly Problem[],
  input: AuditInput,
  options: JudgeDraftOptions,
  dropped: DroppedProblem[],
): Problem[] {
  const held: Problem[] = [];
  for (const problem of problems) {
    const quote = quoteInDraft(problem.quote, input.draft);
    if (quote === null) {
      // Whichever sentence was meant: where it is so of none, it is no matter that the quote is wrong.
      const refuted = options.refutes ? refutationOfAll(problem, input, options) : null;
      if (refuted !== null) dropped.push({ problem, because: "refuted", reason: refuted });
      else dropped.push({ problem, because: "quote not found", reason: "the draft does not say so" });
      continue;
    }
    const sentence = sentencesOfQuote(quote, input.draft).join(" ");
    const reason = options.refutes ? refutation(problem, sentence, input, options) : null;
    if (reason !== null) dropped.push({ problem, because: "refuted", reason });
    else if (!held.some((other) => other.kind === problem.kind && other.quote === quote)) {
      held.push({ kind: problem.kind, quote });
    }
  }
  return held;
}

function refutationOfAll(problem: Problem, input: AuditInput, options: JudgeDraftOptions): string | null {
  const reasons = sentencesOf(input.draft).map(({ text }) => refutation(problem, text, input, options));
  return reasons.length > 0 && reasons.every((reason) => reason !== null) ? reasons[0] : null;
}

function union(said: readonly Problem[], ruled: readonly RuleProblem[], draft: string): FoundProblem[] {
  const merged: FoundProblem[] = ruled.map((problem) => ({ ...problem, source: "rules" }));
  for (const problem of said) {
    const sentences = sentencesOfQuote(problem.quote, draft);
    const same = merged.find(({ kind, quote, source }) =>
      source !== "model" && kind === problem.kind && sentences.includes(quote)
    );
    if (same !== undefined) same.source = "both";
    else merged.push({ ...problem, source: "model" });
  }
  // A stable sort: problems at one place stay in the order in which they were found.
  return merged.sort((a, b) => draft.indexOf(a.quote) - draft.indexOf(b.quote));
}
