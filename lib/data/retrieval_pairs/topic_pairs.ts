/**
 * Questions to short descriptions of what they are about, for routers by similarity. Two questions of one route are no pair: they
 * may be about anything that the route's expert knows.
 */
import { Random } from "../../random/mod.ts";
import type { CorpusOptions } from "../corpora/corpus.ts";
import { type Route, routingQuestionAt } from "../routing/mod.ts";
import type { PairSource } from "./pair.ts";

/** What the experts of the routes do, in several wordings. */
const DESCRIPTIONS: Record<Route, readonly string[]> = {
  math: [
    "Mathematics: calculations, equations, word problems and number theory.",
    "Questions to calculate something: sums, fractions, areas, ages, prices and times.",
    "An expert in arithmetic, algebra, geometry and proofs.",
    "How many, how much, how long: problems with numbers.",
    "math",
  ],
  medical: [
    "Medicine: illnesses, symptoms, tests, treatments and drugs.",
    "Questions to a doctor about health, pain and medicines.",
    "An expert in diagnosis, therapy and side effects.",
    "What somebody feels, what it could be, and what helps against it.",
    "medical",
  ],
  others: [
    "Everything else: cooking, travel, history, books, sports, music and everyday life.",
    "Small talk, requests and general knowledge that need no numbers and no doctor.",
    "Questions about people, places, animals, stories and things to do.",
    "An assistant for the household, for trips, for texts and for reminders.",
    "others",
  ],
};

export const topics: PairSource = {
  kind: "topics of questions",
  weight: 0.5,
  pairAt(index, { seed = 0, split = "train" }: CorpusOptions = {}) {
    const { question, route } = routingQuestionAt(index, { seed: `topics ${seed}`, split });
    const random = new Random(seed).fork("topics").fork(split).fork(index);
    return { query: question, passage: random.pick(DESCRIPTIONS[route]), topic: route };
  },
};
