/** What the house model can do, corpus by corpus, on held-out chats. */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { Corpus, GradedCase } from "../data/mod.ts";
import { type CausalLM, Decoder } from "../models/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";
import { type CaseReply, evaluateCases } from "./evaluate_cases.ts";

/** One line of the table. */
export interface HouseScore {
  corpus: string;
  metric: string;
  /** From 0 to 1. */
  value: number;
  /** Replies that were judged by it. */
  count: number;
}

/** A corpus to evaluate on. */
export interface HouseTask {
  corpus: Corpus;
  /** Draw replies at temperature 1 as well: for a corpus whose poor habits a notebook trains away. */
  sampled?: boolean;
  /** The name of the notebook's runs that train on it. */
  notebook?: string;
}

/** What to evaluate. */
export interface HouseEvaluationOptions {
  model: CausalLM;
  adapter?: LoraAdapter | null;
  tokenizer: Tokenizer;
  tasks: readonly HouseTask[];
  /** Cases of each task. Default 200. */
  cases?: number;
  /** Default "card". */
  seed?: string | number;
  signal?: AbortSignal;
  /** Called as each task begins. */
  onTask?: (corpus: string) => void;
  /** Called with each task's greedy replies. */
  onReplies?: (corpus: string, cases: readonly GradedCase[], replies: readonly CaseReply[]) => void;
}

/** Scores of replies to the first held-out cases of each corpus; corpora without cases have none. */
export async function evaluateHouseModel(options: HouseEvaluationOptions): Promise<HouseScore[]> {
  const { model, adapter = null, tokenizer, tasks, cases: count = 200, seed = "card", signal, onTask, onReplies } =
    options;
  const decoder = new Decoder(model, { adapter });
  const scores: HouseScore[] = [];
  try {
    for (const { corpus, sampled = false } of tasks) {
      const cases = heldOutCases(corpus, count, seed);
      if (cases.length === 0) continue;
      onTask?.(corpus.name);
      for (const temperature of sampled ? [0, 1] : [0]) {
        const { metrics, replies } = await evaluateCases({
          model,
          adapter,
          tokenizer,
          cases,
          decoder,
          temperature,
          signal,
        });
        if (temperature === 0) onReplies?.(corpus.name, cases, replies);
        for (const [name, score] of Object.entries(metrics)) {
          const metric = temperature === 0 ? name : `${name}, sampled`;
          scores.push({ corpus: corpus.name, metric, ...score });
        }
      }
    }
  } finally {
    await decoder.dispose();
  }
  return scores;
}

/** The first cases of a corpus' held-out stream. */
export function heldOutCases(corpus: Corpus, count: number, seed: string | number): GradedCase[] {
  const cases: GradedCase[] = [];
  // A corpus that is only for reading has no cases at all, and others have one in a few texts at least.
  for (let index = 0; cases.length < count && index < 10 * count; index++) {
    cases.push(...corpus.exampleAt(index, { seed, split: "test" }).cases);
  }
  return cases.slice(0, count);
}
