/** What each step of a chain of retrievals is worth. */

/** How good a step that asks for documents is; each from 0 to 1. */
export interface StepQuality {
  coherence: number;
  rationality: number;
  relevance: number;
}

/** A step as rewards see it. */
export type RewardedStep =
  /** Asked for documents. `quality` is null where nobody could judge it. */
  | { kind: "query"; quality: StepQuality | null; hasDocuments: boolean }
  /** Gave the final answer. `isRight` is null where nobody could judge it. */
  | { kind: "answer"; isRight: boolean | null }
  /** Is none of the two, after all regenerations. */
  | { kind: "malformed" };

/** How steps are rewarded. */
export interface R3RewardOptions {
  /**
   * `relevance`, R3-RAG's own: a query is worth the relevance of its documents, an answer 2 or 0, a malformed step -0.9.
   * `composite`, that of a small re-implementation: each well-formed step has 0.1 more, and a query is worth the median of
   * 0.3 coherence + 0.3 rationality + 0.4 relevance, whether it found documents (1 or 0), and the relevance. Default
   * `relevance`.
   */
  scheme?: "relevance" | "composite";
  /**
   * Multiply the worth of the queries by 1.6 when the chain ends in the right answer, by 0.8 when it ends in a wrong one or in a
   * malformed step, and by 0.9 when it ends without an answer: so each query shares in the end. Default true.
   */
  shaping?: boolean;
  /**
   * What is left of it for an ablation: `outcome` gives every well-formed step of a chain with the right answer 2 and asks
   * no judge of steps; `process` gives the answer nothing and asks no judge of answers. Default `both`.
   */
  only?: "both" | "outcome" | "process";
}

/** The worth of a right final answer. */
export const RIGHT_ANSWER = 2;
/** The worth of a step that cannot be read. */
export const MALFORMED = -0.9;
/** What the composite scheme adds to each step that can be read. */
export const WELL_FORMED = 0.1;
/** What the worth of queries is multiplied by, by how the chain ended. */
export const SHAPING = { right: 1.6, wrong: 0.8, unanswered: 0.9 } as const;

/**
 * The reward of each step; null when a judgement that the scheme needs is missing: such a chain is left out, for any number
 * in its place would teach something. A right answer always has a reward of at least 2 (but for `only: "process"`).
 *
 * With gamma 1 and each step an episode of its own, as R3-RAG trains, a step's return is its reward alone: longer chains earn
 * no more by being long.
 *
 * @param steps In their order; an answer or a malformed step can only be the last.
 * @throws When steps follow an answer or a malformed step, or a quality is not a number from 0 to 1: the step is named.
 * @see https://arxiv.org/abs/2505.23794
 */
export function r3Rewards(steps: readonly RewardedStep[], options: R3RewardOptions = {}): number[] | null {
  const { scheme = "relevance", shaping = true, only = "both" } = options;
  checkSteps(steps);
  const last = steps.at(-1);
  if (only !== "process" && last?.kind === "answer" && last.isRight === null) return null;
  if (only !== "outcome" && steps.some((step) => step.kind === "query" && step.quality === null)) return null;
  const ending = endingOf(last);
  const factor = shaping && only === "both" ? SHAPING[ending] : 1;
  const wellFormed = scheme === "composite" ? WELL_FORMED : 0;
  return steps.map((step): number => {
    if (step.kind === "malformed") return MALFORMED;
    if (only === "outcome" || step.kind === "answer") {
      return wellFormed + (ending === "right" && only !== "process" ? RIGHT_ANSWER : 0);
    }
    return wellFormed + factor * worthOf(step.quality!, step.hasDocuments, scheme);
  });
}

/** What a query is worth by itself, from 0 to 1. */
function worthOf(
  { coherence, rationality, relevance }: StepQuality,
  hasDocuments: boolean,
  scheme: "relevance" | "composite",
): number {
  if (scheme === "relevance") return relevance;
  const process = 0.3 * coherence + 0.3 * rationality + 0.4 * relevance;
  return [process, hasDocuments ? 1 : 0, relevance].sort((a, b) => a - b)[1];
}

function endingOf(last: RewardedStep | undefined): keyof typeof SHAPING {
  if (last === undefined || last.kind === "query") return "unanswered";
  return last.kind === "answer" && last.isRight ? "right" : "wrong";
}

function checkSteps(steps: readonly RewardedStep[]): void {
  for (const [index, step] of steps.entries()) {
    const where = `step ${index + 1}`;
    if (step.kind !== "query") {
      if (index < steps.length - 1) throw new Error(`${where}: a step follows one that is ${step.kind}`);
      continue;
    }
    for (const [name, value] of Object.entries(step.quality ?? {})) {
      if (!(value >= 0 && value <= 1)) {
        throw new RangeError(`${where}: ${name} is ${value}: expected a number from 0 to 1`);
      }
    }
  }
}
