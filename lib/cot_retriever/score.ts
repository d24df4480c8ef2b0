/** What answers came to: right answers, how well pages were vetted, form, searches. */
import {
  answerF1,
  exactMatch,
  type MeanInterval,
  meanInterval,
  type MeanIntervalOptions,
} from "../retrieval/evaluate/mod.ts";
import { ANSWER_ENDINGS, type AnswerEnding, type RetrieverAnswer } from "./dialogue.ts";
import { type PageQuestion, type PagesByUrl, saysHop } from "./page_collection.ts";
import { type Repair, REPAIRS } from "./read_turn.ts";

/** What is measured of one question. Shares are from 0 to 1; null where there is nothing that it could be the share of. */
export interface AnswerMetrics {
  /** HotpotQA's: 1 where the answer is the right one but for case, punctuation and articles; 0 without an answer. */
  exactMatch: number;
  /** HotpotQA's, of words; 0 without an answer. */
  f1: number;
  /** Of the pages that the answer rests on, the share that say what the question needs; 0 where it rests on none. */
  precision: number;
  /** Of the pages of the whole collection that say what the question needs, the share that the answer rests on. */
  recall: number;
  /** Of such pages that were found, the share that it rests on; null where none was found. */
  kept: number | null;
  /** Of the noise that was found, the share that it rests on; null where none was found. */
  noiseKept: number | null;
  /** Of what was found, the share that is noise; null where nothing was found. */
  noiseDrawn: number | null;
  /** Of the pieces of knowledge that the question needs, the share that some page says on which the answer rests. */
  support: number;
  /** 1 where it ended by itself and nothing had to be repaired. */
  format: number;
  /** 1 where there is an answer. */
  answered: number;
  searches: number;
  /** Pages that were found. */
  pages: number;
}

/** What was found, and what the answer is and rests on: all that is measured. */
export type MeasuredAnswer =
  & Pick<RetrieverAnswer, "outcome" | "searches">
  & Partial<Pick<RetrieverAnswer, "repairs" | "forced" | "ending" | "cut">>;

/** Means of the metrics with their confidence intervals; null where no question has the metric. */
export type AnswerMeans = { [Name in keyof AnswerMetrics]: MeanInterval | null };

/** What answers came to. */
export interface AnswerEvaluation {
  /** In the order of the answers; those whose search failed are not among them. */
  scores: { question: PageQuestion; metrics: AnswerMetrics }[];
  means: AnswerMeans;
  /** Means of the questions of each type, and of each number of hops (`"2 hops"`). */
  byKind: Record<string, AnswerMeans>;
  /** Answers by how they ended. */
  endings: Record<AnswerEnding, number>;
  /** Times that something was repaired, over all answers. */
  repairs: Record<Repair, number>;
  /** Answers that the model was made to give, by why. */
  forced: Record<string, number>;
  /** Turns that were cut off at their limit, and pages that there was no room for. */
  cut: { turns: number; pages: number };
}

/**
 * Scores answers, one for each question. Those whose search failed say nothing about the model: they are counted among the endings and
 * left out of all else.
 *
 * @param pages All pages of the collection.
 * @throws {RangeError} When there is nothing to score, or not an answer for each question.
 */
export function scoreAnswers(
  questions: readonly PageQuestion[],
  answers: readonly MeasuredAnswer[],
  pages: PagesByUrl,
  interval: MeanIntervalOptions = {},
): AnswerEvaluation {
  if (answers.length !== questions.length) {
    throw new RangeError(`${answers.length} answers to ${questions.length} questions: expected one for each`);
  }
  const zeros = <Name extends string>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  const [endings, repairs, forced] = [zeros(ANSWER_ENDINGS), zeros(REPAIRS), {} as Record<string, number>];
  const cut = { turns: 0, pages: 0 };
  const scores: AnswerEvaluation["scores"] = [];
  const bySubject = Map.groupBy(pages.values(), ({ subject }) => subject);
  for (const [i, answer] of answers.entries()) {
    endings[answer.ending ?? (answer.outcome === null ? "malformed" : "answered")]++;
    if (answer.ending === "failed") continue;
    for (const repair of REPAIRS) repairs[repair] += answer.repairs?.[repair] ?? 0;
    if (answer.forced) forced[answer.forced] = (forced[answer.forced] ?? 0) + 1;
    cut.turns += answer.cut?.turns ?? 0;
    cut.pages += answer.cut?.pages ?? 0;
    const question = questions[i];
    const right = question.hops.flatMap((hop) => bySubject.get(hop.subject) ?? [])
      .filter((page) => question.hops.some((hop) => saysHop(page, hop)));
    scores.push({ question, metrics: metricsOf(question, answer, pages, new Set(right.map(({ url }) => url))) });
  }
  if (scores.length === 0) {
    throw new RangeError(
      `none of ${answers.length} answers can be scored: ${endings.failed} failed; is the search there?`,
    );
  }
  const kinds = Map.groupBy(
    scores.flatMap((score) => kindsOf(score.question).map((kind) => ({ kind, ...score }))),
    ({ kind }) => kind,
  );
  return {
    scores,
    means: meansOf(scores, interval),
    byKind: Object.fromEntries(
      [...kinds].sort(([one], [other]) => one < other ? -1 : 1).map(([kind, each]) => [kind, meansOf(each, interval)]),
    ),
    endings,
    repairs,
    forced,
    cut,
  };
}

function metricsOf(
  question: PageQuestion,
  { outcome, searches, repairs, forced }: MeasuredAnswer,
  pages: PagesByUrl,
  right: ReadonlySet<string>,
): AnswerMetrics {
  const found = [...new Set(searches.flatMap(({ found }) => found.map(({ metadata }) => metadata.url)))];
  const used = [...new Set(outcome?.used ?? [])];
  const isUsed = new Set(used);
  const [foundRight, foundNoise] = [found.filter((url) => right.has(url)), found.filter((url) => !right.has(url))];
  const usedRight = used.filter((url) => right.has(url));
  const says = (hop: PageQuestion["hops"][number]) =>
    usedRight.some((url) => {
      const page = pages.get(url);
      return page !== undefined && saysHop(page, hop);
    });
  const share = (part: readonly unknown[], of: readonly unknown[]) => of.length === 0 ? null : part.length / of.length;
  const usedOf = (urls: readonly string[]) => share(urls.filter((url) => isUsed.has(url)), urls);
  const isClean = !forced && REPAIRS.every((repair) => (repairs?.[repair] ?? 0) === 0);
  return {
    exactMatch: outcome === null ? 0 : exactMatch(outcome.answer, question.answer),
    f1: outcome === null ? 0 : answerF1(outcome.answer, question.answer),
    precision: share(usedRight, used) ?? 0,
    recall: right.size === 0 ? 0 : usedRight.length / right.size,
    kept: usedOf(foundRight),
    noiseKept: usedOf(foundNoise),
    noiseDrawn: share(foundNoise, found),
    support: question.hops.filter(says).length / question.hops.length,
    format: outcome !== null && isClean ? 1 : 0,
    answered: outcome === null ? 0 : 1,
    searches: searches.length,
    pages: found.length,
  };
}

function kindsOf({ type, hops }: PageQuestion): string[] {
  return [type, `${hops.length} ${hops.length === 1 ? "hop" : "hops"}`];
}

function meansOf(scores: readonly { metrics: AnswerMetrics }[], interval: MeanIntervalOptions): AnswerMeans {
  const names = Object.keys(scores[0].metrics) as (keyof AnswerMetrics)[];
  return Object.fromEntries(names.map((name) => {
    const values = scores.map(({ metrics }) => metrics[name]).filter((value) => value !== null);
    return [name, values.length === 0 ? null : meanInterval(values, interval)];
  })) as AnswerMeans;
}
