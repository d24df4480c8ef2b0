/**
 * What a reward function sees: the prompts and completions as text, the completions' token ids, and the data set's
 * other columns, all with one entry a row.
 */
export type RewardBatch<Columns> =
  & { prompts: string[]; completions: string[]; completionIds: number[][] }
  & { [K in keyof Columns]: Columns[K][] };

/**
 * Scores completions. Returns one number a row, in the rows' order; null leaves the row out of this reward.
 * `Columns` names what it needs besides the completions, such as `{ answer: string }`.
 */
export type RewardFunction<Columns = Record<never, never>> = (
  batch: RewardBatch<Columns>,
) => (number | null)[] | Promise<(number | null)[]>;
