/** An agent that sends each question to its domain, uses tools where the model asks for them, and reasons where it does not. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { type AgentEvent, type AgentRun, type BudgetLimits, type EventTime, runAgent, RunBudget } from "../loop/mod.ts";
import { NONE } from "../route/mod.ts";
import type { Approve, Tool, ToolLimits } from "../tools/mod.ts";
import type { Domain, Domains, Reasoning } from "./domain.ts";
import { taggedAnswer } from "./tagged_answer.ts";

/** How a question was answered: with calls of tools, by reasoning, or by the model's reply as it came. */
export type AnswerPath = "tools" | "reasoning" | "reply";

/** What became of a question. */
export interface CotAnswer {
  /** Without reasoning and tags; null where the run did not come to an answer. */
  answer: string | null;
  reasoning: string;
  domain: string;
  path: AnswerPath;
  run: AgentRun;
}

/** What happens while a question is answered. `answer` comes last and once, right after `stop`. */
export type CotEvent =
  | AgentEvent
  | EventTime & { type: "route"; domain: string; routing: Route }
  /** What the tool router said. */
  | EventTime & { type: "toolDecision"; needsTools: boolean; routing: Route }
  /** A second one where a reply that began as text goes on to call tools. */
  | EventTime & { type: "path"; path: AnswerPath }
  | EventTime & { type: "answer" } & CotAnswer;

/** What a router says. Routers say more, such as scores, and events carry it on. */
export interface Route {
  route: string | null;
}

/** What the agent asks of a router. */
export interface RoutesQuestions {
  route(question: string, options?: { signal?: AbortSignal }): Promise<Route>;
}

/** What a CoT agent is made of. */
export interface CotAgentOptions {
  model: ChatModel;
  /** An embedding router, a label router, or anything else that names a domain. */
  router: RoutesQuestions;
  /**
   * Says beforehand, where a domain could do either, whether a question needs tools (any route) or reasoning (null). For a
   * model that calls a tool whenever there is one, as small ones do. Default: the model decides, by its first reply.
   */
  toolRouter?: RoutesQuestions;
  /** By route; `none` for what belongs to no route, and for routes that are not here. */
  domains: Domains & { readonly [NONE]: Domain };
  /** Default: none. */
  tools?: readonly Tool[];
  approve?: Approve;
  toolLimits?: ToolLimits;
  /** Tokens of the chat that the model is given. Default: no limit. */
  contextTokens?: number;
  /** Of each question. */
  limits?: Omit<BudgetLimits, "signal">;
}

/**
 * A conversation with an agent. Each question is routed; its domain's tools are offered, unless a tool router says that none is
 * needed; if the model calls one, the loop of tools goes on to its answer, and if it begins to write instead and the domain
 * reasons, that reply is dropped and the question is asked again with the domain's prompt. Routes, tools and reasoning
 * share one budget.
 *
 * What was said is kept, calls and results included, reasoning left out; a question that came to no answer is not kept.
 */
export class CotAgent {
  readonly #options: CotAgentOptions;
  #history: ChatMessage[] = [];
  #afterUntrusted = false;
  #isAsking = false;

  /** @throws When there is no domain for what belongs to no route. */
  constructor(options: CotAgentOptions) {
    if (!Object.hasOwn(options.domains, NONE)) throw new Error(`domains: expected one named "${NONE}" among them`);
    this.#options = options;
  }

  /** The conversation so far. */
  get history(): readonly ChatMessage[] {
    return this.#history;
  }

  /** Begins anew; a question that is being answered is not kept then. */
  forget(): void {
    this.#history = [];
    this.#afterUntrusted = false;
  }

  /**
   * Answers a question. Whoever stops reading the events stops the answer.
   *
   * @throws {RangeError} For limits that cannot be, or a question that does not fit the context.
   * @throws What the router throws, unless the signal is aborted.
   * @throws When another question is being answered.
   */
  async *ask(question: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<CotEvent, void, undefined> {
    if (this.#isAsking) throw new Error("another question is being answered: wait for its end, or use another agent");
    this.#isAsking = true;
    try {
      using budget = new RunBudget({ ...this.#options.limits, signal });
      yield* this.#answer(question, budget);
    } finally {
      this.#isAsking = false;
    }
  }

  async *#answer(question: string, budget: RunBudget): AsyncGenerator<CotEvent, void, undefined> {
    const { router, toolRouter } = this.#options;
    const history = this.#history;
    const routing = await routeOf(router, question, budget);
    const { route } = routing;
    const domainName = route !== null && Object.hasOwn(this.#options.domains, route) ? route : NONE;
    const domain: Domain = this.#options.domains[domainName];
    yield { at: budget.milliseconds, step: 0, type: "route", domain: domainName, routing };

    const asked: ChatMessage = { role: "user", content: question };
    const tools = this.#toolsOf(domain);
    let needsTools = tools.length > 0;
    if (needsTools && domain.reasoning !== null && toolRouter !== undefined) {
      const routing = await routeOf(toolRouter, question, budget);
      needsTools = routing.route !== null;
      yield { at: budget.milliseconds, step: 0, type: "toolDecision", needsTools, routing };
    }
    let end: PathEnd | null = null;
    if (needsTools || domain.reasoning === null) {
      end = yield* this.#withTools(asked, { domain, tools, budget });
    }
    end ??= yield* this.#byReasoning(asked, { domain, reasoning: domain.reasoning!, budget });

    const { run, path, reasoning, sawUntrusted } = end;
    // Tags with nothing between them are no answer.
    const answer = run.reason === "answered" ? taggedAnswer(run.answer ?? "") || null : null;
    if (answer !== null && this.#history === history) {
      history.push(asked, ...run.messages.slice(0, -1), { role: "assistant", content: answer });
      this.#afterUntrusted ||= sawUntrusted;
    }
    yield {
      at: budget.milliseconds,
      step: budget.steps,
      type: "answer",
      answer,
      reasoning,
      domain: domainName,
      path,
      run,
    };
  }

  #toolsOf({ tools: offered }: Domain): readonly Tool[] {
    const { tools = [] } = this.#options;
    if (offered === "none") return [];
    return offered === "all" ? tools : tools.filter(({ sideEffects }) => !sideEffects);
  }

  /** The loop of tools; null when the model writes instead and the domain reasons about that. */
  async *#withTools(
    asked: ChatMessage,
    { domain, tools, budget }: { domain: Domain; tools: readonly Tool[]; budget: RunBudget },
  ): AsyncGenerator<CotEvent, PathEnd | null, undefined> {
    const { model, approve, toolLimits, contextTokens } = this.#options;
    const system: ChatMessage[] = domain.system === undefined ? [] : [{ role: "system", content: domain.system }];
    const events = runAgent({
      model: domain.model ?? model,
      messages: [...system, ...this.#history, asked],
      tools,
      generation: domain.generation,
      approve,
      toolLimits,
      contextTokens,
      afterUntrusted: this.#afterUntrusted,
      budget,
    });
    const held: AgentEvent[] = [];
    let path: AnswerPath | null = null;
    let reasoning = "";
    let sawUntrusted = false;
    for await (const event of events) {
      if (event.type === "reasoning") reasoning += event.text;
      if (event.type === "result") sawUntrusted ||= event.outcome.untrusted;
      if (path === null) {
        path = pathOf(event, domain);
        held.push(event);
        if (path === null) continue;
        if (path === "reasoning") return null;
        yield { at: budget.milliseconds, step: budget.steps, type: "path", path };
        yield* held;
      } else {
        // Some models say a word before they call.
        if (path === "reply" && pathOf(event, domain) === "tools") {
          path = "tools";
          yield { at: budget.milliseconds, step: budget.steps, type: "path", path };
        }
        yield event;
      }
      if (event.type === "stop") return { run: event.run, path, reasoning: reasoning.trim(), sawUntrusted };
    }
    throw new Error("a run ended without saying why");
  }

  async *#byReasoning(
    asked: ChatMessage,
    { domain, reasoning: how, budget }: { domain: Domain; reasoning: Reasoning; budget: RunBudget },
  ): AsyncGenerator<CotEvent, PathEnd, undefined> {
    yield { at: budget.milliseconds, step: budget.steps, type: "path", path: "reasoning" };
    const model = how.model ?? domain.model ?? this.#options.model;
    const { prefill } = how;
    const events = runAgent({
      model,
      messages: [{ role: "system", content: how.system }, ...how.seesHistory === false ? [] : this.#history, asked],
      generation: { ...how.generation, ...prefill !== undefined && model.canPrefill ? { prefill } : {} },
      contextTokens: this.#options.contextTokens,
      budget,
    });
    let reasoning = "";
    for await (const event of events) {
      if (event.type === "reasoning") reasoning += event.text;
      yield event;
      if (event.type !== "stop") continue;
      return { run: event.run, path: "reasoning", reasoning: reasoning.trim(), sawUntrusted: false };
    }
    throw new Error("a run ended without saying why");
  }
}

/** What a router says; no route when the signal is aborted, also where the router does not listen to it. */
async function routeOf(router: RoutesQuestions, question: string, { signal }: RunBudget): Promise<Route> {
  // The loop tells why the run ended.
  const nowhere: Route = { route: null };
  if (signal.aborted) return nowhere;
  const stopped = Promise.withResolvers<Route>();
  const onAbort = () => stopped.resolve(nowhere);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([router.route(question, { signal }), stopped.promise]);
  } catch (error) {
    if (signal.aborted) return nowhere;
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

interface PathEnd {
  run: AgentRun;
  path: AnswerPath;
  reasoning: string;
  /** Whether strangers wrote a result. */
  sawUntrusted: boolean;
}

/** Which path an event decides for; null when none. */
function pathOf(event: AgentEvent, { reasoning }: Domain): AnswerPath | null {
  if (event.type === "call" || event.type === "invalidCall") return "tools";
  if (event.type === "text" && event.text.trim() !== "") return reasoning === null ? "reply" : "reasoning";
  if (event.type !== "stop") return null;
  // Said nothing, or was stopped.
  return reasoning !== null && event.run.reason === "empty reply" ? "reasoning" : "reply";
}
