/** Questions whose route is known. */
import { routingQuestionAt } from "../../data/mod.ts";
import type { RandomSeed } from "../../random/mod.ts";

/** A question with the route that is right for it. */
export interface LabelledRoute {
  question: string;
  /** Null where no route is. */
  route: string | null;
}

/** Generated questions for the routes "math" and "medical"; what belongs to neither has no route. */
export function drawLabelledQuestions(
  count: number,
  options: { seed?: RandomSeed; split?: "train" | "test" } = {},
): LabelledRoute[] {
  return Array.from({ length: count }, (_, index) => {
    const { question, route } = routingQuestionAt(index, options);
    return { question, route: route === "others" ? null : route };
  });
}
