/** How good a router is on questions whose route is known. */
import type { EmbedCallOptions } from "../../retrieval/embed/mod.ts";
import { confusion, type ConfusionMatrix } from "./confusion.ts";
import type { LabelledRoute } from "./labelled_route.ts";

/** What sends questions to routes or nowhere, by whatever means. */
export interface Router<Sent extends { route: string | null } = { route: string | null }> {
  readonly routes: readonly { name: string }[];
  /** What became of each question, in their order; a route of null is none. */
  routeAll(questions: readonly string[], options?: EmbedCallOptions): Promise<readonly Sent[]>;
}

/** A router's figures, and what it did with each question. */
export interface RouterEvaluation<Sent> extends ConfusionMatrix {
  predictions: { question: string; expected: string | null; predicted: string | null; routing: Sent }[];
}

/**
 * Routes labelled questions and counts what is right. They should be ones that nothing of the router was chosen by.
 *
 * @throws When there is no question, or one's route is unknown.
 */
export async function evaluateRouter<Sent extends { route: string | null }>(
  router: Router<Sent>,
  labelled: readonly LabelledRoute[],
  options?: EmbedCallOptions,
): Promise<RouterEvaluation<Sent>> {
  const sent = await router.routeAll(labelled.map(({ question }) => question), options);
  const predictions = labelled.map(({ question, route }, index) => ({
    question,
    expected: route,
    predicted: sent[index].route,
    routing: sent[index],
  }));
  return { ...confusion(router.routes.map(({ name }) => name), predictions), predictions };
}
