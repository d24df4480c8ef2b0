import { Random } from "../../random/mod.ts";
import { type CorpusOptions, splitOf } from "../corpora/corpus.ts";
import { MATH_QUESTIONS } from "./math_questions.ts";
import { MEDICAL_QUESTIONS } from "./medical_questions.ts";
import { OTHER_QUESTIONS } from "./other_questions.ts";
import { type DrawQuestion, type Route, ROUTES, type RoutingQuestion } from "./question.ts";

const QUESTIONS: Readonly<Record<Route, readonly DrawQuestion[]>> = {
  math: MATH_QUESTIONS,
  medical: MEDICAL_QUESTIONS,
  others: OTHER_QUESTIONS,
};

/** Question number `index` of a stream. The routes are equally frequent; a question belongs to one split only. */
export function routingQuestionAt(index: number, { seed = 0, split = "train" }: CorpusOptions = {}): RoutingQuestion {
  const random = new Random(seed).fork("routing").fork(split).fork(index);
  const route = random.pick(ROUTES);
  const draw = random.pick(QUESTIONS[route]);
  for (;;) {
    const { question, instance, split: given } = draw(random, split);
    if ((given ?? splitOf(`routing:${instance}`)) === split) return { question, route };
  }
}
