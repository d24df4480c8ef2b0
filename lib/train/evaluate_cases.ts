/** How well a model answers graded cases. */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { GradedCase } from "../data/mod.ts";
import { type CausalLM, Decoder, generate } from "../models/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";

/** What to ask whom. */
export interface EvaluateCasesOptions {
  model: CausalLM;
  adapter?: LoraAdapter | null;
  tokenizer: Tokenizer;
  cases: readonly GradedCase[];
  /** Limit of a reply in tokens. Default 192. */
  maxNewTokens?: number;
  /** Default 0: the likeliest token each time. */
  temperature?: number;
  /** Programs compiled before, for many evaluations of one model. */
  decoder?: Decoder;
  signal?: AbortSignal;
  /** Called with each finished reply's share of all, from 0 to 1. */
  onProgress?: (share: number) => void;
}

/** A metric over the cases that have it. */
export interface CaseMetric {
  /** The mean of the cases' values, from 0 to 1. */
  value: number;
  /** How many cases have it. */
  count: number;
}

/** What a model replied to a case, and how that was judged. */
export interface CaseReply {
  reply: string;
  /** From 0 to 1, by the metrics' names. */
  grades: Record<string, number>;
}

/** What came out. */
export interface CaseEvaluation {
  /** By the metrics' names, in the order in which they first occur. */
  metrics: Record<string, CaseMetric>;
  /** In the order of the cases. */
  replies: CaseReply[];
}

/**
 * Lets a model reply to each case and grades the replies.
 *
 * @throws When there are no cases, or one is longer than the model reads.
 */
export async function evaluateCases(options: EvaluateCasesOptions): Promise<CaseEvaluation> {
  const { model, adapter = null, tokenizer, cases, maxNewTokens = 192, temperature = 0, signal, onProgress } = options;
  if (cases.length === 0) throw new Error("evaluateCases: there are no cases");
  const decoder = options.decoder ?? new Decoder(model, { adapter });
  const replies: CaseEvaluation["replies"] = [];
  let finishedBefore = 0;
  try {
    // Stop texts are the same for all prompts of one generation.
    for (const [stop, indexes] of byStop(cases)) {
      const completions = await generate(model, {
        prompts: indexes.map((index) => promptIds(tokenizer, cases[index])),
        maxNewTokens,
        temperature,
        adapter,
        decoder,
        tokenizer,
        stopStrings: stop === undefined ? [] : [stop],
        signal,
        onProgress: ({ finished }) => onProgress?.((finishedBefore + finished) / cases.length),
      });
      signal?.throwIfAborted();
      finishedBefore += indexes.length;
      for (const [i, [{ text = "" }]] of completions.entries()) {
        const index = indexes[i];
        replies[index] = { reply: text, grades: cases[index].grade(text) };
      }
    }
  } finally {
    if (!options.decoder) await decoder.dispose();
  }
  return { metrics: summarize(replies.map(({ grades }) => grades)), replies };
}

/** The tokens that a model goes on from. */
function promptIds(tokenizer: Tokenizer, { messages, tools, prefill = "" }: GradedCase): number[] {
  const prompt = tokenizer.applyChatTemplate(messages, { tools, addGenerationPrompt: true });
  // Encoded apart, as the turn was when it was learned.
  return [...tokenizer.encode(prompt), ...tokenizer.encode(prefill)];
}

function byStop(cases: readonly GradedCase[]): Map<string | undefined, number[]> {
  const groups = new Map<string | undefined, number[]>();
  for (const [index, { stop }] of cases.entries()) groups.set(stop, [...groups.get(stop) ?? [], index]);
  return groups;
}

function summarize(grades: readonly Record<string, number>[]): Record<string, CaseMetric> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [name, value] of grades.flatMap((grade) => Object.entries(grade))) {
    const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: sum + value, count: count + 1 });
  }
  return Object.fromEntries(Array.from(sums, ([name, { sum, count }]) => [name, { value: sum / count, count }]));
}
