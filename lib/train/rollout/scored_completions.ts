/** What a policy wrote for a batch of prompts, scored: the raw material of GRPO's updates. */
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { groupAdvantages, type ScaleRewards } from "../advantages.ts";
import { type CombinedRewards, combineRewards, type RewardBatch, type RewardFunction } from "../rewards/mod.ts";
import { mean, type Metrics, standardDeviation } from "../step.ts";

/** A chat's turn, as chat templates read it. */
export interface PromptMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

/** A row of a prompt data set: the prompt as text or as a chat, and the columns that the rewards read. */
export type PromptRow<Columns> = { prompt: string | readonly PromptMessage[] } & Columns;

/** What rollouts need of a tokenizer, and what they use where it is there. */
export type PromptTokenizer =
  & Pick<Tokenizer, "encode" | "decode" | "applyChatTemplate">
  & Partial<Pick<Tokenizer, "assertFits" | "idToToken" | "save">>;

/** One completion as it was sampled. */
export interface SampledCompletion {
  /** With the token that ended it, if one did. */
  tokenIds: readonly number[];
  /** True when it ended by itself, false when it was cut off at the length limit. */
  terminated: boolean;
}

/** What a sampler is asked for. */
export interface SampleRequest {
  prompts: readonly (readonly number[])[];
  samples: number;
  /** Different for each batch of a run, so that a seeded sampler draws anew. */
  round: number;
  signal?: AbortSignal;
}

/** Writes `samples` completions for each prompt: all of the first prompt, then all of the second, and so on. */
export interface Sampler {
  (request: SampleRequest): Promise<SampledCompletion[]>;
  /** The options that decide what it draws: a run is resumed only with a sampler of the same ones. */
  fingerprint?: Readonly<Record<string, unknown>>;
}

/** A scored completion. */
export interface Rollout {
  promptIds: readonly number[];
  completionIds: readonly number[];
  terminated: boolean;
  prompt: string;
  completion: string;
  /** Each reward function's value before weights. */
  rewards: Record<string, number | null>;
  /** Their weighted sum. */
  reward: number | null;
  advantage: number;
}

/** How to turn rows into rollouts. */
export interface RolloutOptions<Columns> {
  tokenizer: PromptTokenizer;
  rewards: Record<string, RewardFunction<Columns>>;
  rewardWeights?: Record<string, number>;
  /** Text that the assistant's turn begins with; it is part of the prompt, not of the completion. */
  prefill?: string;
  numGenerations: number;
  scaleRewards?: ScaleRewards;
}

/** The prompt of a row as text, with the chat template's opening of the assistant's turn and the prefill. */
export function renderPrompt(
  { prompt }: { prompt: string | readonly PromptMessage[] },
  tokenizer: PromptTokenizer,
  prefill = "",
): string {
  const text = typeof prompt === "string"
    ? prompt
    : tokenizer.applyChatTemplate([...prompt], { addGenerationPrompt: true });
  return text + prefill;
}

/** Columns of a reward's batch that rollouts fill in: a data set's own of that name would never be seen. */
const OWN_COLUMNS = ["prompts", "completions", "completionIds"];

/** The text of a completion. A model may have more ids than its tokenizer has tokens: those have no text. */
function completionText(tokenIds: readonly number[], tokenizer: PromptTokenizer): string {
  const known = tokenizer.idToToken ? tokenIds.filter((id) => tokenizer.idToToken!(id) !== undefined) : tokenIds;
  return tokenizer.decode(known, { skipSpecialTokens: true });
}

/**
 * Makes the function that samples completions for rows and scores them.
 *
 * @throws The function rejects when a row has no prompt or a column that the rewards could not see, the sampler gives
 *   another number of completions than asked for, or a reward fails; messages name the row.
 */
export function rolloutScorer<Columns>(options: RolloutOptions<Columns>) {
  const { tokenizer, prefill, numGenerations, scaleRewards } = options;
  const score = combineRewards<string, Columns>(options.rewards, options.rewardWeights);
  return async (
    rows: readonly PromptRow<Columns>[],
    sampler: Sampler,
    round: number,
    signal?: AbortSignal,
  ): Promise<{ rollouts: Rollout[]; metrics: Metrics }> => {
    checkColumns(rows);
    const prompts = rows.map((row) => renderPrompt(row, tokenizer, prefill));
    // Plain text gets the tokens that a tokenizer puts around texts (Llama's beginning of text); a chat template has them.
    const promptIds = prompts.map((prompt, i) =>
      tokenizer.encode(prompt, { addSpecialTokens: typeof rows[i].prompt === "string" })
    );
    const empty = promptIds.findIndex((ids) => ids.length === 0);
    if (empty >= 0) throw new Error(`row ${empty} of the batch: the prompt has no token: expected at least one`);
    const sampled = await sampler({ prompts: promptIds, samples: numGenerations, round, signal });
    if (sampled.length !== rows.length * numGenerations) {
      throw new Error(
        `the sampler gave ${sampled.length} completions: expected ${numGenerations} for each of ${rows.length} prompts`,
      );
    }
    const rowOf = (completion: number) => Math.floor(completion / numGenerations);
    const completions = sampled.map(({ tokenIds }) => completionText(tokenIds, tokenizer));
    const scored = await score(rewardBatch(rows, prompts, sampled, completions, rowOf));
    const { advantages, metrics } = groupAdvantages(scored.totals, numGenerations, scaleRewards);
    const rollouts = sampled.map(({ tokenIds, terminated }, i): Rollout => ({
      promptIds: promptIds[rowOf(i)],
      completionIds: tokenIds,
      terminated,
      prompt: prompts[rowOf(i)],
      completion: completions[i],
      rewards: Object.fromEntries(Object.entries(scored.parts).map(([name, values]) => [name, values[i]])),
      reward: scored.totals[i],
      advantage: advantages[i],
    }));
    return { rollouts, metrics: { ...metrics, ...rewardMetrics(scored), ...completionMetrics(sampled) } };
  };
}

function checkColumns(rows: readonly object[]): void {
  for (const [index, row] of rows.entries()) {
    const taken = OWN_COLUMNS.find((name) => name in row);
    if (taken) {
      throw new Error(
        `row ${index} of the batch: a column is called "${taken}", as one that reward functions are given: rename it`,
      );
    }
  }
}

function rewardBatch<Columns>(
  rows: readonly PromptRow<Columns>[],
  prompts: readonly string[],
  sampled: readonly SampledCompletion[],
  completions: string[],
  rowOf: (completion: number) => number,
): RewardBatch<Columns> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  names.delete("prompt");
  const columns = Object.fromEntries(
    [...names].map((name) => [name, sampled.map((_, i) => (rows[rowOf(i)] as Record<string, unknown>)[name])]),
  );
  return {
    ...columns,
    prompts: sampled.map((_, i) => prompts[rowOf(i)]),
    completions,
    completionIds: sampled.map(({ tokenIds }) => [...tokenIds]),
  } as RewardBatch<Columns>;
}

/** `rewards/NAME/mean` and `rewards/NAME/std` over the rows that got one. */
function rewardMetrics({ parts }: CombinedRewards<string>): Metrics {
  const metrics: Metrics = {};
  for (const [name, values] of Object.entries(parts)) {
    const given = values.filter((value) => value !== null);
    metrics[`rewards/${name}/mean`] = mean(given);
    metrics[`rewards/${name}/std`] = standardDeviation(given);
  }
  return metrics;
}

/** Lengths in tokens and the share of completions that were cut off. */
function completionMetrics(sampled: readonly SampledCompletion[]): Metrics {
  const lengths = sampled.map(({ tokenIds }) => tokenIds.length);
  const terminated = sampled.filter((completion) => completion.terminated).map(({ tokenIds }) => tokenIds.length);
  return {
    "completions/mean_length": mean(lengths),
    "completions/min_length": Math.min(...lengths),
    "completions/max_length": Math.max(...lengths),
    "completions/mean_terminated_length": mean(terminated),
    "completions/min_terminated_length": terminated.length === 0 ? 0 : Math.min(...terminated),
    "completions/max_terminated_length": terminated.length === 0 ? 0 : Math.max(...terminated),
    "completions/clipped_ratio": 1 - terminated.length / Math.max(1, lengths.length),
  };
}
