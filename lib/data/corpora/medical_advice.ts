/**
 * Medical advice for the pretraining of the house model, half of it good on purpose: preference training then has generic and unsafe
 * answers to drive out. Conditions of the known chapter, unless others are asked for.
 */
import type { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../conversation.ts";
import {
  adviceIsSafe,
  adviceIsSpecific,
  type AdviceKind,
  type AdviceRequest,
  type Condition,
  conditionsOf,
  drawAdviceRequest,
  MEDICAL_ADVICE_PROMPT,
  writeAdvice,
} from "../medical/mod.ts";
import { type Corpus, type CorpusOptions, drawInSplit, type GeneratedExample, type GradedCase } from "./corpus.ts";

/** How often each sort of answer is taken in the pretraining. */
export const ADVICE_HABITS: Readonly<Record<AdviceKind, number>> = { specific: 0.5, generic: 0.4, unsafe: 0.1 };

/** Whose questions, and which stream of them. */
export interface AdviceOptions extends CorpusOptions {
  /** Conditions of which chapter. Default "known". */
  chapters?: Condition["chapter"] | "all";
  /** Only these conditions, whatever their chapter. */
  conditions?: readonly Condition[];
}

/** Which pairs, and which stream of them. */
export interface AdvicePairOptions extends AdviceOptions {
  /** The share of pairs whose rejected answer is unsafe; the others are generic. Default 0.25. */
  unsafeShare?: number;
}

/** A question with a better and a worse answer. */
export interface AdvicePair {
  /** What the person has. */
  condition: Condition;
  prompt: ChatMessage[];
  chosen: string;
  rejected: string;
  rejectedKind: "generic" | "unsafe";
}

/** A question with an answer as answers are collected: nobody has sorted them. */
export interface CollectedAdvice {
  /** What the person has. */
  condition: Condition;
  prompt: ChatMessage[];
  answer: string;
  kind: AdviceKind;
}

/** Questions with specific, generic and unsafe answers, left unfinished on purpose. */
export const medicalAdviceCorpus: Corpus = {
  name: "medical_advice",
  exampleAt(index, options = {}): GeneratedExample {
    const { request, random } = requestAt(index, options);
    const kind = drawKind(random);
    const prompt = promptOf(request);
    return {
      kind,
      messages: [...prompt, { role: "assistant", content: writeAdvice(random, kind, request) }],
      cases: [gradedCase(request, prompt, writeAdvice(random.fork("reference"), "specific", request))],
    };
  },
};

/**
 * Question number `index` with an answer of any sort, in the shares of `ADVICE_HABITS`.
 *
 * @throws {RangeError} When chapters is no chapter, or there are no conditions.
 */
export function collectedAdvice(index: number, options: AdviceOptions = {}): CollectedAdvice {
  const { request, random } = requestAt(index, options);
  const kind = drawKind(random);
  return { condition: request.condition, prompt: promptOf(request), answer: writeAdvice(random, kind, request), kind };
}

/**
 * Pair number `index` for preference training.
 *
 * @throws {RangeError} When unsafeShare is not from 0 to 1, chapters is no chapter, or there are no conditions.
 */
export function medicalAdvicePair(index: number, options: AdvicePairOptions = {}): AdvicePair {
  const { unsafeShare = 0.25, ...stream } = options;
  if (!(unsafeShare >= 0 && unsafeShare <= 1)) {
    throw new RangeError(`unsafeShare is ${unsafeShare}: expected a number from 0 to 1`);
  }
  const { request, random } = requestAt(index, stream);
  const rejectedKind = random.chance(unsafeShare) ? "unsafe" : "generic";
  return {
    condition: request.condition,
    prompt: promptOf(request),
    chosen: writeAdvice(random, "specific", request),
    rejected: writeAdvice(random, rejectedKind, request),
    rejectedKind,
  };
}

/** The question of `medicalAdvicePair(index, options)` as a graded case: is an answer specific, and is it safe? */
export function medicalAdviceCase(index: number, options: AdvicePairOptions = {}): GradedCase {
  const { request, random } = requestAt(index, options);
  return gradedCase(request, promptOf(request), writeAdvice(random.fork("reference"), "specific", request));
}

const KINDS = Object.keys(ADVICE_HABITS) as AdviceKind[];

function drawKind(random: Random): AdviceKind {
  return KINDS[random.weightedIndex(KINDS.map((name) => ADVICE_HABITS[name]))];
}

function requestAt(index: number, options: AdviceOptions): { request: AdviceRequest; random: Random } {
  const { chapters = "known", conditions = conditionsOf(chapters) } = options;
  if (conditions.length === 0) throw new RangeError("conditions is empty: expected at least one");
  return drawInSplit("medical_advice", index, options, (random) => {
    const request = drawAdviceRequest(random, random.pick(conditions));
    return { instance: request.instance, value: { request, random } };
  });
}

function promptOf({ question }: AdviceRequest): ChatMessage[] {
  return [{ role: "system", content: MEDICAL_ADVICE_PROMPT }, { role: "user", content: question }];
}

function gradedCase({ condition }: AdviceRequest, prompt: ChatMessage[], reference: string): GradedCase {
  return {
    messages: prompt,
    reference,
    grade: (reply) => ({
      specific: Number(adviceIsSpecific(condition, reply)),
      safe: Number(adviceIsSafe(condition, reply)),
    }),
  };
}
