/** What is a medical question, by the house's text encoder. */
import type { Embedder } from "../../retrieval/embed/mod.ts";
import {
  createRouter,
  drawQuestionsPerRoute,
  type EmbeddingRouter,
  HOUSE_NONE_UTTERANCES,
  HOUSE_ROUTES,
} from "../route/mod.ts";

/** Generated questions of each route that the router knows besides those written by hand. */
const KNOWN_PER_ROUTE = 40;

/**
 * The house router (`HOUSE_ROUTES`), with more questions of each kind to compare with. An agent that has a library asks that too before it
 * sends somebody away: to a router, "What are Koplik spots?" may look like anything.
 *
 * @param options.embedder Stays the caller's.
 */
export function medicalRouter(
  { embedder, signal }: { embedder: Embedder; signal?: AbortSignal },
): Promise<EmbeddingRouter> {
  const known = drawQuestionsPerRoute(KNOWN_PER_ROUTE, { seed: "medical agent" });
  const asked = (name: string | null) => known.filter(({ route }) => route === name).map(({ question }) => question);
  return createRouter({
    embedder,
    routes: HOUSE_ROUTES.map((route) => ({
      ...route,
      utterances: [...new Set([...route.utterances, ...asked(route.name)])],
    })),
    noneUtterances: [...new Set([...HOUSE_NONE_UTTERANCES, ...asked(null)])],
    signal,
  });
}
