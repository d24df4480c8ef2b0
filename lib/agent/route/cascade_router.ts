/** A fast router first, and a slower one for what it is not sure of. */
import type { EmbedCallOptions } from "../../retrieval/embed/mod.ts";
import type { Routing } from "./embedding_router.ts";
import type { Router } from "./evaluate_router.ts";

/** What a cascade is made of. */
export interface CascadeRouterOptions {
  /** Such as an embedding router. */
  first: Router<Routing>;
  /** Such as a label router; its routes are the same. */
  second: Router<Routing>;
  /** The first router is sure where its best score is so far above its second. */
  minLead: number;
}

/** Where a question goes, and who said so. */
export interface CascadeRouting extends Routing {
  by: "first" | "second";
}

/** Asks the first router, and the second where the first is not sure: the speed of the one, nearly, with the second's judgement. */
export class CascadeRouter implements Router<CascadeRouting> {
  readonly routes: Router["routes"];
  readonly #options: CascadeRouterOptions;

  /** @throws When the two do not have the same routes, or `minLead` is negative. */
  constructor(options: CascadeRouterOptions) {
    const { first, second, minLead } = options;
    const [one, other] = [first, second].map(({ routes }) => routes.map(({ name }) => name).sort().join(", "));
    if (one !== other) throw new Error(`the routers have different routes: ${one} and ${other}`);
    if (!(minLead >= 0)) throw new RangeError(`minLead: expected 0 or more, got ${minLead}`);
    this.routes = first.routes;
    this.#options = options;
  }

  /** Where a question goes. */
  async route(question: string, options?: EmbedCallOptions): Promise<CascadeRouting> {
    return (await this.routeAll([question], options))[0];
  }

  /** Where questions go; those of which the first router is not sure go to the second together. */
  async routeAll(questions: readonly string[], options?: EmbedCallOptions): Promise<CascadeRouting[]> {
    const { first, second, minLead } = this.#options;
    const routings = (await first.routeAll(questions, options)).map((routing): CascadeRouting => ({
      ...routing,
      by: "first",
    }));
    const unsure = routings.flatMap(({ lead }, index) => lead < minLead ? [index] : []);
    if (unsure.length > 0) {
      const asked = await second.routeAll(unsure.map((index) => questions[index]), options);
      unsure.forEach((index, at) => routings[index] = { ...asked[at], by: "second" });
    }
    return routings;
  }
}
