/** Runs whose time and memory are estimated. All train an adapter of rank 16 on all linear layers. */

/** Rank of the adapter. */
export const RANK = 16;

/** What is to be done. Lengths are in tokens. */
export type Workload =
  | { method: "sft"; rows: number; tokens: number; epochs: number }
  /** Each pair is two rows; the reference's log-probabilities are computed once. */
  | { method: "dpo"; rows: number; tokens: number; epochs: number }
  | { method: "grpo"; steps: number; prompts: number; samples: number; promptTokens: number; newTokens: number };

/** The trainer of a run. */
export type Method = Workload["method"];

/** Usual runs of each kind: medical SFT and preferences of 10,000 rows, GRPO on GSM8K for 400 steps. */
export const USUAL_WORKLOADS = {
  sft: { method: "sft", rows: 10_000, tokens: 512, epochs: 2 },
  dpo: { method: "dpo", rows: 10_000, tokens: 512, epochs: 1 },
  grpo: { method: "grpo", steps: 400, prompts: 8, samples: 8, promptTokens: 100, newTokens: 200 },
} as const satisfies Record<Method, Workload>;

/** In one phrase. */
export function describeWorkload(work: Workload): string {
  if (work.method === "grpo") {
    const { steps, prompts, samples, newTokens } = work;
    return `GRPO, ${steps} steps of ${prompts} x ${samples} completions of ${newTokens} tokens`;
  }
  const { rows, tokens, epochs } = work;
  const what = work.method === "sft" ? "texts" : "pairs";
  return `${work.method.toUpperCase()}, ${rows.toLocaleString("en-US")} ${what} of ${tokens} tokens, ${epochs} ${
    epochs === 1 ? "epoch" : "epochs"
  }`;
}
