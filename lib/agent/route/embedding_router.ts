/** A router by similarity: which route's utterances does a question resemble? */
import { cosine, type EmbedCallOptions, type Embedder } from "../../retrieval/embed/mod.ts";
import { NONE } from "./confusion.ts";

/** Where a question can go. */
export interface RouteDefinition {
  name: string;
  /** What the route is for, in a sentence: for people, and for routers that ask a language model. */
  description: string;
  /** Questions that belong there, as different from each other as those that will come. */
  utterances: readonly string[];
}

/** When a question goes nowhere. */
export interface RoutingLimits {
  /** The least score of a question, by route. */
  thresholds: Readonly<Record<string, number>>;
  /** How far the best route's score has to be above the second's. */
  margin: number;
}

/** Where a question goes, and why. */
export interface Routing {
  /** Null where no route is sure enough. */
  route: string | null;
  /** The route of the highest score; `NONE` where the question is most like those that belong to no route. */
  best: string;
  /** By route, from -1 to 1; `NONE` among them where the router knows questions that belong to no route. */
  scores: Record<string, number>;
  /** The best route's; -1 for `NONE`. */
  threshold: number;
  /** How far the best score is above the second; Infinity where there is one. */
  lead: number;
}

/** Options of `createRouter`. */
export interface CreateRouterOptions extends EmbedCallOptions {
  /** Stays the caller's. */
  embedder: Embedder;
  routes: readonly RouteDefinition[];
  /**
   * Questions that belong to no route: they have a score as routes do, and what is most like them goes nowhere.
   * Thresholds alone ask how near a question is to a route; these, whether anything else is nearer. Default: none.
   */
  noneUtterances?: readonly string[];
  /**
   * A route's score is the mean of its utterances' highest cosines: of so many, or of all where it has fewer. Default
   * 3.
   */
  n?: number;
  /** Default: no threshold and no margin, so that every question goes somewhere; see `fitThresholds`. */
  limits?: Partial<RoutingLimits>;
}

/**
 * Embeds the utterances, once, and makes the router. They are embedded as queries: what they are compared with are
 * questions too.
 *
 * @throws When there is no route, or a name, an utterance or a limit makes no sense; the message names it.
 */
export async function createRouter(options: CreateRouterOptions): Promise<EmbeddingRouter> {
  const { embedder, routes, noneUtterances = [], n = 3, limits, ...call } = options;
  checkRoutes(routes, noneUtterances);
  const utterances = [...routes.flatMap(({ utterances }) => utterances), ...noneUtterances];
  const vectors = await embedder.embedQueries(utterances, call);
  return new EmbeddingRouter({ embedder, routes, noneUtterances, vectors, n, limits });
}

/** What a router is made of. */
export interface RouterParts {
  embedder: Embedder;
  routes: readonly RouteDefinition[];
  noneUtterances: readonly string[];
  /** Of all routes' utterances one after the other, then of those of none: [dimensions] each. */
  vectors: readonly Float32Array[];
  /** How many cosines a score is the mean of. */
  n: number;
  limits?: Partial<RoutingLimits>;
}

/** Make one with `createRouter`, or read one with `loadRouter`. */
export class EmbeddingRouter {
  readonly embedder: Embedder;
  readonly routes: readonly RouteDefinition[];
  readonly noneUtterances: readonly string[];
  readonly vectors: readonly Float32Array[];
  readonly n: number;
  readonly limits: RoutingLimits;

  constructor(parts: RouterParts) {
    const { embedder, routes, noneUtterances, vectors, n, limits = {} } = parts;
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`n: expected a whole number above 0, got ${n}`);
    this.embedder = embedder;
    this.routes = routes;
    this.noneUtterances = noneUtterances;
    this.vectors = vectors;
    this.n = n;
    this.limits = checkedLimits(routes, limits);
  }

  /** The same router with other limits; the vectors are shared. */
  withLimits(limits: Partial<RoutingLimits>): EmbeddingRouter {
    return new EmbeddingRouter({ ...this.#parts(), limits });
  }

  /** Where a question goes. */
  async route(question: string, options?: EmbedCallOptions): Promise<Routing> {
    return (await this.routeAll([question], options))[0];
  }

  /** Where questions go, embedded in batches. */
  async routeAll(questions: readonly string[], options?: EmbedCallOptions): Promise<Routing[]> {
    return (await this.scoreAll(questions, options)).map((scores) => routingOf(scores, this.limits));
  }

  /** The routes' scores for questions. */
  async scoreAll(questions: readonly string[], options?: EmbedCallOptions): Promise<Record<string, number>[]> {
    const asked = await this.embedder.embedQueries(questions, options);
    const groups = this.routes.map(({ name, utterances }) => ({ name, count: utterances.length }));
    if (this.noneUtterances.length > 0) groups.push({ name: NONE, count: this.noneUtterances.length });
    return asked.map((vector) => {
      let first = 0;
      return Object.fromEntries(groups.map(({ name, count }) => {
        const own = this.vectors.slice(first, first += count);
        return [name, meanOfHighest(own.map((utterance) => cosine(vector, utterance)), this.n)];
      }));
    });
  }

  #parts(): RouterParts {
    const { embedder, routes, noneUtterances, vectors, n, limits } = this;
    return { embedder, routes, noneUtterances, vectors, n, limits };
  }
}

/** What follows from scores. Of equal ones the first route's is the best. */
export function routingOf(scores: Record<string, number>, { thresholds, margin }: RoutingLimits): Routing {
  const [[best, highest], second] = Object.entries(scores).sort(([, a], [, b]) => b - a);
  const threshold = thresholds[best] ?? -1;
  const lead = second === undefined ? Infinity : highest - second[1];
  const isSure = best !== NONE && highest >= threshold && lead >= margin;
  return { route: isSure ? best : null, best, scores, threshold, lead };
}

function meanOfHighest(values: readonly number[], n: number): number {
  const highest = values.toSorted((a, b) => b - a).slice(0, n);
  return highest.reduce((sum, value) => sum + value, 0) / highest.length;
}

/** Throws where routes make no sense, naming the route. */
export function checkRoutes(routes: readonly RouteDefinition[], noneUtterances: readonly string[]): void {
  if (routes.length === 0) throw new Error("routes: expected at least one");
  const seen = new Set<string>([NONE]);
  for (const { name, utterances } of routes) {
    // A number as a name would change the order of scores.
    if (name.trim() === "" || /^\d+$/.test(name) || name === "__proto__") {
      throw new Error(`'${name}' is no name for a route: expected a word`);
    }
    if (seen.has(name)) {
      throw new Error(
        `route '${name}': ${name === NONE ? "that stands for no route" : "another has that name"}; rename it`,
      );
    }
    seen.add(name);
    if (utterances.length === 0) throw new Error(`route '${name}' has no utterances: give it some`);
  }
  for (const { name, utterances } of [...routes, { name: NONE, utterances: noneUtterances }]) {
    const empty = utterances.findIndex((utterance) => utterance.trim() === "");
    if (empty >= 0) throw new Error(`route '${name}': utterance ${empty} is empty: leave it out`);
  }
}

function checkedLimits(
  routes: readonly RouteDefinition[],
  { thresholds = {}, margin = 0 }: Partial<RoutingLimits>,
): RoutingLimits {
  const names = routes.map(({ name }) => name);
  for (const [name, threshold] of Object.entries(thresholds)) {
    if (!names.includes(name)) throw new Error(`thresholds: there is no route '${name}'; expected ${names.join(", ")}`);
    if (!Number.isFinite(threshold)) throw new Error(`thresholds.${name}: expected a number, got ${threshold}`);
  }
  if (!(margin >= 0)) throw new Error(`margin: expected 0 or more, got ${margin}`);
  // Below every cosine: no limit.
  return { thresholds: Object.fromEntries(names.map((name) => [name, thresholds[name] ?? -1])), margin };
}
