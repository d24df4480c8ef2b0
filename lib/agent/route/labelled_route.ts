/** Questions whose route is known. */
import { ROUTES, routingQuestionAt } from "../../data/mod.ts";
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

/**
 * The same, all different, and as many of each route and of none: whatever the routes' shares are, an accuracy then counts
 * them alike.
 *
 * @param options.without Questions that are not drawn, such as a router's utterances.
 */
export function drawQuestionsPerRoute(
  count: number,
  { without = [], ...options }: { seed?: RandomSeed; split?: "train" | "test"; without?: readonly string[] } = {},
): LabelledRoute[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`count: expected a whole number above 0, got ${count}`);
  }
  const left = new Map(ROUTES.map((route) => [route, count]));
  const unwanted = new Set(without);
  const drawn = new Map<string, LabelledRoute>();
  for (let index = 0; drawn.size < count * ROUTES.length; index++) {
    const { question, route } = routingQuestionAt(index, options);
    if (drawn.has(question) || unwanted.has(question) || left.get(route) === 0) continue;
    left.set(route, left.get(route)! - 1);
    drawn.set(question, { question, route: route === "others" ? null : route });
  }
  return [...drawn.values()];
}
