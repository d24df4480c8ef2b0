/** Choosing when a router says none, from labelled questions. */
import { Random, type RandomSeed } from "../../random/mod.ts";
import type { EmbedCallOptions } from "../../retrieval/embed/mod.ts";
import { confusion, type ConfusionMatrix, NONE } from "./confusion.ts";
import { type EmbeddingRouter, type RoutingLimits, routingOf } from "./embedding_router.ts";
import type { LabelledRoute } from "./labelled_route.ts";

/** Options of `fitThresholds`. */
export interface FitThresholdsOptions extends EmbedCallOptions {
  /** Fit the margin too. Default false: it stays 0. */
  fitMargin?: boolean;
  /**
   * Raises each threshold as far as this share of the route's own questions still passes, so that questions unlike all
   * that are known go nowhere: about subjects of which no labelled question is, nothing else can be learned here. It
   * costs some of the route's own. Above 0, at most 1. Default: only what the labelled questions speak for.
   */
  keepOwn?: number;
  /** Parts of the questions, each of which is judged with the limits that the others gave. Default 5. */
  folds?: number;
  /** Decides which question comes to which part. Default 0. */
  seed?: RandomSeed;
}

/** What was predicted for a labelled question. */
export interface RoutingPrediction {
  question: string;
  expected: string | null;
  predicted: string | null;
}

/** A router with its limits, and how good they are. */
export interface FittedRouter {
  /** With the limits that all questions gave together. */
  router: EmbeddingRouter;
  limits: RoutingLimits;
  /** On the questions that the limits were fitted on: too good to be reported. */
  fittedAccuracy: number;
  /** Each question judged with limits that it had no part in: what to expect of new questions of this kind. */
  heldOut: ConfusionMatrix & { predictions: RoutingPrediction[] };
}

/**
 * Fits one threshold for each route, and a margin where it is asked for, so that the most questions are sent rightly,
 * "none" among the outcomes. The accuracy to report comes from cross-validation. A threshold that makes nothing
 * better stays at -1; of others that are equally good, the one in the middle of the widest gap is taken.
 *
 * @throws When a question's route is unknown, a route or none has fewer questions than there are folds, or an option
 *   is out of range.
 */
export async function fitThresholds(
  router: EmbeddingRouter,
  labelled: readonly LabelledRoute[],
  options: FitThresholdsOptions = {},
): Promise<FittedRouter> {
  const { fitMargin = false, keepOwn, folds = 5, seed = 0, ...call } = options;
  if (keepOwn !== undefined && !(keepOwn > 0 && keepOwn <= 1)) {
    throw new RangeError(`keepOwn: expected a share above 0 and at most 1, got ${keepOwn}`);
  }
  const names = router.routes.map(({ name }) => name);
  const foldOf = foldsOf(names, labelled, folds, seed);
  const scores = await router.scoreAll(labelled.map(({ question }) => question), call);
  const scored = labelled.map(({ question, route }, index) => ({
    question,
    expected: route,
    scores: scores[index],
    fold: foldOf[index],
  }));
  const fit = (questions: readonly ScoredQuestion[]) => {
    const limits = fitLimits(names, questions, fitMargin);
    return keepOwn === undefined ? limits : raiseThresholds(limits, questions, keepOwn);
  };
  const limits = fit(scored);
  const predictions = new Array<RoutingPrediction>(scored.length);
  for (let fold = 0; fold < folds; fold++) {
    const own = fit(scored.filter((question) => question.fold !== fold));
    for (const [index, { question, expected, scores, fold: at }] of scored.entries()) {
      if (at === fold) predictions[index] = { question, expected, predicted: routingOf(scores, own).route };
    }
  }
  const right = scored.filter(({ scores, expected }) => routingOf(scores, limits).route === expected).length;
  return {
    router: router.withLimits(limits),
    limits,
    fittedAccuracy: right / scored.length,
    heldOut: { ...confusion(names, predictions), predictions },
  };
}

interface ScoredQuestion {
  expected: string | null;
  scores: Record<string, number>;
}

/** A fold for each question: every label is spread over all of them, and the same question is always in one. */
function foldsOf(
  names: readonly string[],
  labelled: readonly LabelledRoute[],
  folds: number,
  seed: RandomSeed,
): number[] {
  if (!Number.isInteger(folds) || folds < 2) {
    throw new RangeError(`folds: expected a whole number above 1, got ${folds}`);
  }
  const unknown = labelled.find(({ route }) => route !== null && !names.includes(route));
  if (unknown) {
    throw new Error(
      `'${unknown.question}': there is no route '${unknown.route}'; expected ${names.join(", ")} or null`,
    );
  }
  const foldOf = new Map<string, number>();
  for (const label of [...names, null]) {
    const questions = new Set(labelled.filter(({ route }) => route === label).map(({ question }) => question));
    if (questions.size < folds) {
      throw new Error(
        `${label === null ? "no route" : `route '${label}'`} has ${questions.size} different labelled questions: ` +
          `expected at least ${folds}, one for each fold`,
      );
    }
    const order = new Random(seed).fork("folds").fork(label ?? "").shuffle([...questions]);
    for (const [index, question] of order.entries()) foldOf.set(question, index % folds);
  }
  return labelled.map(({ question }) => foldOf.get(question)!);
}

/** Margins that are tried: as many, between leads that occur. */
const MARGINS = 20;

function fitLimits(names: readonly string[], questions: readonly ScoredQuestion[], fitMargin: boolean): RoutingLimits {
  const free = { thresholds: Object.fromEntries(names.map((name) => [name, -1])), margin: 0 };
  const candidates = questions.map(({ expected, scores }) => {
    const { best, lead } = routingOf(scores, free);
    return { best, lead, score: scores[best], expected };
  });
  const leads = candidates.map(({ lead }) => lead).filter(Number.isFinite).sort((a, b) => a - b);
  const margins = fitMargin ? marginsBetween(leads) : [];
  let fitted = { limits: free, right: -1 };
  // The smallest margin of equally good ones comes first.
  for (const margin of [0, ...margins]) {
    // What is most like no route goes nowhere with every threshold.
    let right = candidates.filter(({ best, expected }) => best === NONE && expected === null).length;
    const thresholds: Record<string, number> = {};
    for (const name of names) {
      // A question is sent to its best route or nowhere, so that each route's threshold can be chosen alone.
      const own = candidates.filter(({ best }) => best === name);
      const sure = own.filter(({ lead }) => lead >= margin);
      const fit = bestThreshold(sure.map(({ score, expected }) => ({
        score,
        isGood: expected === name,
        isNone: expected === null,
      })));
      thresholds[name] = fit.threshold;
      right += fit.right + own.filter(({ lead, expected }) => lead < margin && expected === null).length;
    }
    if (right > fitted.right) fitted = { limits: { thresholds, margin }, right };
  }
  return fitted.limits;
}

/** A question's score differs in the last digits with the batch that it is embedded in. */
const ROUNDING = 1e-5;

/** Thresholds just below the lowest score of the best `share` of each route's own questions, where that is higher. */
function raiseThresholds(
  { thresholds, margin }: RoutingLimits,
  questions: readonly ScoredQuestion[],
  share: number,
): RoutingLimits {
  const own = questions.filter(({ expected, scores }) => routingOf(scores, { thresholds, margin }).route === expected);
  const raised = Object.entries(thresholds).map(([name, threshold]) => {
    const scores = own.flatMap(({ expected, scores }) => expected === name ? [scores[name]] : []).sort((a, b) => b - a);
    if (scores.length === 0) return [name, threshold];
    return [name, Math.max(threshold, scores[Math.ceil(share * scores.length) - 1] - ROUNDING)];
  });
  return { thresholds: Object.fromEntries(raised), margin };
}

/** Points halfway between two neighbours, spread evenly over sorted leads. */
function marginsBetween(leads: readonly number[]): number[] {
  const gaps = leads.slice(1).map((lead, index) => (leads[index] + lead) / 2);
  const count = Math.min(MARGINS, gaps.length);
  return Array.from({ length: count }, (_, step) => gaps[Math.floor(step * gaps.length / count)]);
}

/** The threshold with which the most questions are right: those of the route above it, those of none below. */
function bestThreshold(
  questions: readonly { score: number; isGood: boolean; isNone: boolean }[],
): { threshold: number; right: number } {
  if (questions.length === 0) return { threshold: -1, right: 0 };
  const sorted = questions.toSorted((a, b) => a.score - b.score);
  let right = sorted.filter(({ isGood }) => isGood).length;
  // Where taking all of them is as good as anything, nothing speaks for a limit: one at the lowest score seen would
  // turn away the next that is a little lower.
  let best = { threshold: -1, right, gap: Infinity };
  for (const [index, { score, isGood, isNone }] of sorted.entries()) {
    right += (isNone ? 1 : 0) - (isGood ? 1 : 0);
    const next = sorted[index + 1]?.score ?? Math.max(1, score);
    const gap = next - score;
    // Equal scores are on one side.
    if (gap === 0 && index + 1 < sorted.length) continue;
    if (right > best.right || (right === best.right && gap > best.gap)) {
      best = { threshold: score + gap / 2, right, gap };
    }
  }
  return best;
}
