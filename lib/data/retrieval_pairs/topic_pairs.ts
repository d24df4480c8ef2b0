/**
 * Questions to short descriptions of what they are about and to other questions about it, for routers by similarity. All pairs of one
 * route have one topic, so nothing of a route is pushed from the rest of it here.
 */
import { Random } from "../../random/mod.ts";
import type { CorpusOptions } from "../corpora/corpus.ts";
import { type Route, routingQuestionAt } from "../routing/mod.ts";
import type { PairSource } from "./pair.ts";

/** What the experts of the routes do, in several wordings. */
export const ROUTE_DESCRIPTIONS: Record<Route, readonly string[]> = {
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

/** Questions of a route for a description of it, and for other questions of it, which routers compare them with. */
export const topics: PairSource = {
  kind: "topics of questions",
  weight: 1,
  pairAt(index, { seed = 0, split = "train" }: CorpusOptions = {}) {
    const questionAt = (index: number, stream = "") =>
      routingQuestionAt(index, { seed: `topics ${seed}${stream}`, split });
    const { question, route } = questionAt(index);
    const random = new Random(seed).fork("topics").fork(split).fork(index);
    if (random.chance(0.5)) return { query: question, passage: random.pick(ROUTE_DESCRIPTIONS[route]), topic: route };
    for (let other = index * 100;; other++) {
      const { question: passage, route: itsRoute } = questionAt(other, " others");
      if (itsRoute === route && passage !== question) return { query: question, passage, topic: route };
    }
  },
};
