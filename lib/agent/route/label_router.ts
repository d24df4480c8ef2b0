/** A router by a language model: which route's name does it find likeliest as the answer? */
import { type AdapterWeights, type CausalLM, type Continuation, continuationLogProbs } from "../../models/mod.ts";
import { type EmbedCallOptions, inBatches } from "../../retrieval/embed/mod.ts";
import { type ChatMessage, plainText, type Tokenizer } from "../../tokenizer/mod.ts";
import { NONE } from "./confusion.ts";
import { checkRoutes, type RouteDefinition, type Routing, routingOf } from "./embedding_router.ts";

/** Options of `LabelRouter`. */
export interface LabelRouterOptions {
  /** Stays the caller's. */
  model: CausalLM;
  tokenizer: Tokenizer;
  adapter?: AdapterWeights | null;
  /** Their names are the answers that are compared; a description helps models that were not taught the routes. */
  routes: readonly RouteDefinition[];
  /** The answer that stands for no route, such as "others". Null: every question belongs to a route. */
  noneLabel: string | null;
  /** Whether the model is told the routes' descriptions too. Default true; the house model was taught to do without. */
  describe?: boolean;
  /** How the model is asked. Default `askForLabel`. */
  messages?: (question: string, labels: readonly RoutingLabel[]) => ChatMessage[];
  /** The least probability of a route that is taken, among the labels. Default 0: the likeliest whatever it is. */
  threshold?: number;
  /** How far the likeliest label's probability has to be above the second's; otherwise the question goes nowhere. Default 0. */
  margin?: number;
}

/** An answer that a model may give. */
export interface RoutingLabel {
  name: string;
  description: string;
}

/**
 * Asks with a system message for one of the names. With descriptions they are listed; without any the message is the one that the
 * house model was taught.
 */
export function askForLabel(question: string, labels: readonly RoutingLabel[]): ChatMessage[] {
  const names = labels.map(({ name }) => name);
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  const described = labels.filter(({ description }) => description !== "");
  const lines = described.map(({ name, description }) => `- ${name}: ${description}`);
  const content = ["Which expert is the question for?", ...lines, `Answer with one word: ${list}.`]
    .join(lines.length > 0 ? "\n" : " ");
  return [{ role: "system", content }, { role: "user", content: question }];
}

/**
 * Routes by the log-probability of each label as the whole answer, end of turn included, so that a label that begins another has
 * no advantage. No text is generated, so that there is no unexpected label. Scores are the labels' probabilities among
 * themselves.
 */
export class LabelRouter {
  readonly routes: readonly RouteDefinition[];
  readonly #options: LabelRouterOptions;
  readonly #labels: readonly RoutingLabel[];
  readonly #answers: readonly number[][];
  readonly #asText: (text: string) => string;

  /** @throws When there is no route, or a name, a threshold or a margin makes no sense; the message names it. */
  constructor(options: LabelRouterOptions) {
    const { tokenizer, routes, noneLabel, describe = true, threshold = 0, margin = 0 } = options;
    checkRoutes(routes, []);
    for (const [name, value] of Object.entries({ threshold, margin })) {
      if (!(value >= 0 && value <= 1)) throw new RangeError(`${name}: expected a number from 0 to 1, got ${value}`);
    }
    if (noneLabel !== null && routes.some(({ name }) => name === noneLabel)) {
      throw new Error(`noneLabel: '${noneLabel}' is a route's name already`);
    }
    this.routes = routes;
    this.#options = options;
    const none = noneLabel === null ? [] : [{ name: noneLabel, description: "anything else" }];
    this.#labels = [...routes, ...none].map(({ name, description }) => ({
      name,
      description: describe ? description : "",
    }));
    const end = tokenizer.eosTokenId;
    this.#answers = this.#labels.map(({ name }) => [...tokenizer.encode(name), ...end === undefined ? [] : [end]]);
    this.#asText = plainText(tokenizer);
  }

  /** Where a question goes. */
  async route(question: string, options?: EmbedCallOptions): Promise<Routing> {
    return (await this.routeAll([question], options))[0];
  }

  /**
   * Where questions go, in batches.
   *
   * @throws {RangeError} When a question is longer than the model reads.
   */
  async routeAll(questions: readonly string[], options: EmbedCallOptions = {}): Promise<Routing[]> {
    const { model, tokenizer, adapter = null, messages = askForLabel, threshold = 0, margin = 0 } = this.#options;
    const { maxPositions } = model.config;
    const longest = Math.max(...this.#answers.map(({ length }) => length));
    const prompts = questions.map((question) =>
      tokenizer.encode(
        tokenizer.applyChatTemplate(messages(this.#asText(question), this.#labels), { addGenerationPrompt: true }),
      )
    );
    for (const [index, { length }] of prompts.entries()) {
      if (length + longest <= maxPositions) continue;
      throw new RangeError(
        `question ${index} takes ${
          length + longest
        } tokens with its answer, and the model reads ${maxPositions}: shorten it`,
      );
    }
    const thresholds = Object.fromEntries(this.routes.map(({ name }) => [name, threshold]));
    const routings = new Array<Routing>(questions.length);
    const batching = { batchSize: 16, ...options };
    await inBatches(prompts.map(({ length }) => length), batching, async (items) => {
      const rows = items.flatMap((item) =>
        this.#answers.map((continuation): Continuation => ({ prompt: prompts[item], continuation }))
      );
      const sums = await continuationLogProbs(model, rows, { adapter, padTokenId: tokenizer.padTokenId ?? 0 });
      items.forEach((item, at) => {
        const own = sums.slice(at * this.#answers.length, (at + 1) * this.#answers.length);
        routings[item] = routingOf(this.#scores(own), { thresholds, margin });
      });
    });
    return routings;
  }

  /** Log-probabilities as probabilities among the labels. */
  #scores(logProbs: readonly number[]): Record<string, number> {
    const highest = Math.max(...logProbs);
    const weights = logProbs.map((logProb) => Math.exp(logProb - highest));
    const total = weights.reduce((sum, weight) => sum + weight);
    return Object.fromEntries(
      this.#labels.map(({ name }, at) => [at < this.routes.length ? name : NONE, weights[at] / total]),
    );
  }
}
