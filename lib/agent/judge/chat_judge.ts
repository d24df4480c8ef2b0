/** Any chat model as a judge. */
import type { ChatModel, ChatRequest } from "../chat/mod.ts";
import { askModel } from "./ask_model.ts";
import { ANSWER_TASK, PAIR_CRITERIA, pairTask, STEP_TASK } from "./house_tasks.ts";
import {
  type AnswerJudge,
  isJudgeFailure,
  type JudgeCallOptions,
  type JudgeFailure,
  type PairJudge,
  type PairJudgement,
  type PairToJudge,
  type StepJudge,
} from "./judge.ts";
import { CostCounter, type JudgeCost, type TokenPrices } from "./judge_cost.ts";
import { judgeMessages, type JudgeTask } from "./judge_task.ts";
import { Slots } from "./slots.ts";
import { VerdictCache, verdictKey } from "./verdict_cache.ts";

/** Which model judges, and how it is asked. */
export interface ChatJudgeOptions {
  /**
   * A model of `geminiChatModel`, `openaiChatModel` (vLLM and others too), `localChatModel` or another. It tries again by itself
   * what its endpoint is too busy for, as long as its own `maxRetries` says.
   */
  model: ChatModel;
  /** Calls under way at once, over everything that this judge is asked. Default 4. */
  concurrency?: number;
  /** Calls after the first for one judgement, where a reply is malformed or broken off. Default 2. */
  maxRetries?: number;
  /** Milliseconds for one call with the model's own waits, after which it is given up. Default 300,000. */
  timeout?: number;
  /** Default 0. */
  temperature?: number;
  /** Tokens of a reply at most; models that think need more than the few of a judgement. Default 2048. */
  maxTokens?: number;
  /** Keeps judgements in this folder, for later runs and other processes. Failures are not kept. Default: nothing is kept. */
  cacheFolder?: string;
  /** For `cost.money`. Default: unknown. */
  prices?: TokenPrices;
  /** What makes one answer of a pair better, after "What makes an answer better:". Default: right, to the point, specific, harmless. */
  pairCriteria?: string;
}

/** A chat model as a judge of everything. */
export interface ChatJudge extends StepJudge, AnswerJudge, PairJudge {
  /**
   * How many pairs were judged in both orders, and how often the two orders did not prefer the same: by chance, or since the
   * place counts for the model.
   */
  readonly pairOrders: { judged: number; disagreed: number };
  /**
   * Judges by a task of your own.
   *
   * @returns In the order of the items.
   * @throws The signal's reason when it is aborted; {DiskFullError} when a judgement cannot be kept.
   */
  judge<Item, Verdict extends Record<string, unknown>>(
    task: JudgeTask<Item, Verdict>,
    items: readonly Item[],
    options?: JudgeCallOptions,
  ): Promise<(Verdict | JudgeFailure)[]>;
}

/** The longest time that a timer can be set to. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/**
 * Makes a judge of a chat model. It asks for a JSON object of fixed labels; what does not come in time or in form is a
 * `JudgeFailure`, never a number. Items that are the same within a call are asked once. Pairs are judged in both orders
 * (Zheng et al., 2023, "Judging LLM-as-a-Judge"): an answer is preferred only where it wins in both.
 *
 * @throws {RangeError} For a number that cannot be.
 *
 * @example
 * ```ts
 * const judge = chatJudge({ model: geminiChatModel({ model: "gemini-2.5-flash" }), cacheFolder: "outputs/judgements" });
 * const [judgement] = await judge.judgeAnswers([{ question: "6 * 7?", answer: "It is 42.", reference: "42" }]);
 * if (isJudgeFailure(judgement)) console.log("left out:", judgement.message);
 * ```
 */
export function chatJudge(options: ChatJudgeOptions): ChatJudge {
  const { model, concurrency = 4, maxRetries = 2, timeout = 300_000, temperature = 0, maxTokens = 2048 } = options;
  if (!Number.isSafeInteger(maxRetries) || maxRetries < 0) {
    throw new RangeError(`maxRetries: expected a whole number, 0 or more, got ${maxRetries}`);
  }
  if (!(timeout > 0 && timeout <= MAX_MILLISECONDS)) {
    throw new RangeError(`timeout: expected milliseconds, above 0 and at most ${MAX_MILLISECONDS}, got ${timeout}`);
  }
  const slots = new Slots(concurrency);
  const counter = new CostCounter(options.prices ?? null);
  const cache = options.cacheFolder === undefined ? null : new VerdictCache(options.cacheFolder);
  const generation: Pick<ChatRequest, "temperature" | "maxTokens"> = { temperature, maxTokens };
  const pairOrders = { judged: 0, disagreed: 0 };

  const verdictsOf: ChatJudge["judge"] = async <Item, Verdict extends Record<string, unknown>>(
    task: JudgeTask<Item, Verdict>,
    items: readonly Item[],
    { signal }: JudgeCallOptions = {},
  ) => {
    const asked = items.map((item) => {
      const messages = judgeMessages(task, item);
      return { messages, key: verdictKey({ model: model.name, task: task.name, messages, generation }) };
    });
    const different = [...new Map(asked.map((one) => [one.key, one])).values()];
    const settled = await slots.map(different, async ({ messages, key }, anySignal) => {
      const kept = await cache?.read(key);
      const checked = kept === undefined ? null : task.form.check(kept);
      if (checked !== null && "value" in checked) {
        counter.cached++;
        return checked.value;
      }
      const outcome = await askModel(messages, task.form, {
        model,
        generation,
        maxRetries,
        timeout,
        counter,
        signal: anySignal,
      });
      if ("failure" in outcome) return outcome;
      await cache?.write(key, { model: model.name, task: task.name, verdict: outcome.value });
      return outcome.value;
    }, signal);
    const byKey = new Map(different.map(({ key }, index) => [key, settled[index]]));
    const seen = new Set<string>();
    return asked.map(({ key }): Verdict | JudgeFailure => {
      const verdict = byKey.get(key)!;
      if (seen.has(key) && !isJudgeFailure(verdict)) counter.cached++;
      seen.add(key);
      return verdict;
    });
  };
  const counted = <Judgement extends object>(judgements: (Judgement | JudgeFailure)[]) => {
    for (const judgement of judgements) if (isJudgeFailure(judgement)) counter.addFailure(judgement.failure);
    return judgements;
  };
  const judge: ChatJudge["judge"] = async (task, items, callOptions) =>
    counted(await verdictsOf(task, items, callOptions));

  const PAIR_TASK = pairTask(options.pairCriteria ?? PAIR_CRITERIA);
  const judgePairs = async (items: readonly PairToJudge[], callOptions?: JudgeCallOptions) => {
    // Nothing is to be preferred among the same.
    const unequal = items.filter(({ first, second }) => first !== second);
    const swapped = unequal.map(({ prompt, first, second }) => ({ prompt, first: second, second: first }));
    const verdicts = await verdictsOf(PAIR_TASK, [...unequal, ...swapped], callOptions);
    let next = 0;
    return counted(items.map(({ first, second }): PairJudgement | JudgeFailure => {
      if (first === second) return { preferred: "tie" };
      const [straight, crossed] = [verdicts[next], verdicts[unequal.length + next]];
      next++;
      if (isJudgeFailure(straight)) return straight;
      if (isJudgeFailure(crossed)) return crossed;
      pairOrders.judged++;
      if (straight.better === OTHER[crossed.better]) return { preferred: straight.better, reason: straight.reason };
      pairOrders.disagreed++;
      return { preferred: "tie", reason: `in one order: ${straight.reason} In the other: ${crossed.reason}` };
    }));
  };

  return {
    name: model.name,
    get cost(): JudgeCost {
      return counter.snapshot();
    },
    get pairOrders() {
      return { ...pairOrders };
    },
    judge,
    judgeSteps: (steps, callOptions) => judge(STEP_TASK, steps, callOptions),
    judgeAnswers: (items, callOptions) => judge(ANSWER_TASK, items, callOptions),
    judgePairs,
  };
}

const OTHER = { first: "second", second: "first", tie: "tie" } as const;
