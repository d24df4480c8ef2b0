import type { Random } from "../../random/mod.ts";
import type { Split } from "../corpora/corpus.ts";

/** Where a question goes. */
export const ROUTES = ["math", "medical", "others"] as const;
export type Route = typeof ROUTES[number];

/** A question with the route that is right for it. */
export interface RoutingQuestion {
  question: string;
  route: Route;
}

/** A question and what makes it different from others: its template and parts. */
export interface DrawnQuestion {
  question: string;
  instance: string;
  /** Where the generator that it comes from has seen to the split already. */
  split?: Split;
}

/** Draws a question of one route. Where a generator of its own is asked, it is asked for this split. */
export type DrawQuestion = (random: Random, split: Split) => DrawnQuestion;

/** One of the wordings, whose numbers and names are its parts. */
export function drawWording(random: Random, family: string, wordings: readonly string[]): DrawnQuestion {
  const form = random.integer(0, wordings.length - 1);
  // The text holds template and parts, and nothing else.
  return { question: wordings[form], instance: `${family}:${wordings[form]}` };
}
