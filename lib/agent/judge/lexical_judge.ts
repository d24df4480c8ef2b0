/** A judge of steps that compares words: no model, no network, the same judgement each time. */
import { normalizeAnswer } from "../../data/mod.ts";
import { stemsOf } from "../../retrieval/search/mod.ts";
import type { JudgedDocument, StepJudge, StepJudgement, StepToJudge } from "./judge.ts";
import { CostCounter } from "./judge_cost.ts";
import { documentStems, likeness, nameStems, shareWithin } from "./known_words.ts";

/**
 * Judges steps by their words, as stems without stop words (`stemsOf`). Names, the words with a capital letter or a digit, count
 * four times in every share. "Known" is what stands in the question or in the documents of earlier steps.
 *
 * coherence = attached * grounded * new
 * - attached: whether the analysis is about the matter at all: its known words, of two that are expected, at most 1.
 * - grounded: the share of the analysis' names that are known; 1 where it has none.
 * - new: 0 for a query that was asked before (the same after HotpotQA's normalization), else 1 - J / 2 with J the largest share of
 *   words in common with an earlier query (Jaccard). 1 for an answer.
 *
 * rationality of a query = (stated + backed) / 2
 * - stated: the share of the query's words that the analysis has.
 * - backed: the share, of the analysis' names and the query's words, that are known; other words than names need only be stated.
 *
 * rationality of an answer = (stated + backed) / 2
 * - stated: the share of the answer's words that the analysis has.
 * - backed: 1 where it stands in a document seen, word after word; else half the largest share of its words that one has.
 * - Of yes and no: stated is 1 where the analysis says it, else 1/2, and backed the share of the analysis' names that documents have.
 *
 * relevance of a query = concern * found
 * - concern: the share of the query's names that are known; 1 where it has none.
 * - found: the share of the query's words that the best of its documents has. What earlier steps had brought counts for nothing.
 *
 * relevance of an answer: the share of the question's words that the documents seen have together.
 *
 * It sees words and no meaning: a right paraphrase loses, and a wrong statement in the words of the documents wins. It never fails.
 */
export function lexicalJudge(): StepJudge {
  const counter = new CostCounter();
  return {
    name: "lexical",
    get cost() {
      return counter.snapshot();
    },
    judgeSteps(steps, { signal } = {}) {
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve(steps.map(judgeStep));
    },
  };
}

type Stems = ReadonlySet<string>;

/** The words of a step. */
interface StepWords {
  question: Stems;
  analysis: Stems;
  /** Of the documents that earlier steps brought. */
  seen: Stems;
  known: Stems;
  names: Stems;
}

function judgeStep(step: StepToJudge): StepJudgement {
  const { question, analysis, query, earlier, documents } = step;
  const answer = step.answer ?? "";
  const before = earlier.flatMap((past) => past.documents);
  const [asked, seen] = [stemsOf(question), documentStems(before)];
  const words: StepWords = {
    question: asked,
    analysis: stemsOf(analysis),
    seen,
    known: asked.union(seen),
    names: nameStems([question, analysis, query ?? "", answer, ...before.map(({ text }) => text)]),
  };
  const follows = attachedAndGrounded(words);
  if (query === null) {
    return {
      coherence: follows,
      rationality: answerRationality(answer, analysis, words, before),
      relevance: shareWithin(asked, seen, words.names),
    };
  }
  return {
    coherence: follows * newness(query, earlier.map((past) => past.query)),
    rationality: queryRationality(stemsOf(query), words),
    relevance: queryRelevance(stemsOf(query), words, documents.filter((document) => !isAmong(document, before))),
  };
}

function attachedAndGrounded({ analysis, known, names }: StepWords): number {
  const attached = Math.min(1, analysis.intersection(known).size / 2);
  const claimed = analysis.intersection(names);
  return attached * (claimed.size === 0 ? 1 : shareWithin(claimed, known, names));
}

function newness(query: string, earlier: readonly string[]): number {
  if (earlier.some((other) => normalizeAnswer(other) === normalizeAnswer(query))) return 0;
  const words = stemsOf(query);
  return 1 - Math.max(0, ...earlier.map((other) => likeness(words, stemsOf(other)))) / 2;
}

function queryRationality(query: Stems, { analysis, known, names }: StepWords): number {
  const stated = shareWithin(query, analysis, names);
  const claimed = analysis.intersection(names).union(query);
  const backing = known.union(analysis.difference(names));
  return (stated + shareWithin(claimed, backing, names)) / 2;
}

function answerRationality(
  answer: string,
  analysis: string,
  words: StepWords,
  before: readonly JudgedDocument[],
): number {
  const normal = normalizeAnswer(answer);
  if (normal === "yes" || normal === "no") {
    const isSaid = normalizeAnswer(analysis).split(" ").includes(normal);
    return ((isSaid ? 1 : 0.5) + shareWithin(words.analysis.intersection(words.names), words.seen, words.names)) / 2;
  }
  const stems = stemsOf(answer);
  const stands = normal !== "" &&
    before.some(({ title, text }) => ` ${normalizeAnswer(`${title} ${text}`)} `.includes(` ${normal} `));
  const backed = stands ? 1 : bestShare(stems, before, words) / 2;
  return (shareWithin(stems, words.analysis, words.names) + backed) / 2;
}

function queryRelevance(query: Stems, words: StepWords, documents: readonly JudgedDocument[]): number {
  const named = query.intersection(words.names);
  const concern = named.size === 0 ? 1 : shareWithin(named, words.known, words.names);
  return concern * bestShare(query, documents, words);
}

/** The share of stems that the best of some documents has. */
function bestShare(stems: Stems, documents: readonly JudgedDocument[], { names }: StepWords): number {
  return Math.max(0, ...documents.map((document) => shareWithin(stems, documentStems([document]), names)));
}

function isAmong({ title, text }: JudgedDocument, documents: readonly JudgedDocument[]): boolean {
  return documents.some((other) => other.title === title && other.text === text);
}
