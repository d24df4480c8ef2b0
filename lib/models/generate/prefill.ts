/** Reads prompts into a cache, several at once, long ones in pieces. */
import type { Decoder, Policy } from "./decoder.ts";
import type { Scores } from "./draws.ts";
import type { KvCache } from "./kv_cache.ts";

/** Tokens that one run of the programs reads in all rows together: enough for matrix products to run at full speed. */
const PREFILL_TOKENS = 2048;

/** Tokens of one row that are read at once: attention holds that many times all earlier tokens. */
const PREFILL_PIECE = 512;

/** A prompt that was read: its row in a cache, and the scores of the token that follows it. */
export interface PrefilledPrompt {
  cache: KvCache;
  row: number;
  scores: Scores;
  scoreRow: number;
  /** Says that this prompt needs neither any more; what prompts read together share goes with the last of them. */
  release(): void;
}

/** How many prompts can be read together when the longest has this many tokens. */
export function prefillRows(longest: number): number {
  return Math.max(1, Math.floor(PREFILL_TOKENS / Math.min(longest, PREFILL_PIECE)));
}

/** Reads prompts [prompt][token] together: they should be of about the same length, since the shorter are padded. */
export async function prefill(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
): Promise<PrefilledPrompt[]> {
  const rows = prompts.length;
  const cache = decoder.cache(rows, rows);
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const prefilled: PrefilledPrompt[] = new Array(rows);
  const kept = new Set<{ dispose(): void }>([cache]);
  const unreleased = new Set<number>(prompts.keys());
  const release = (row: number) => {
    unreleased.delete(row);
    if (unreleased.size === 0) kept.forEach((one) => one.dispose());
  };
  try {
    for (let start = 0; start < longest; start += PREFILL_PIECE) {
      const { ending, ...step } = piece(prompts, start, Math.min(PREFILL_PIECE, longest - start));
      const scores = await decoder.run(policy, cache, step);
      kept.add(scores);
      ending.forEach((row, scoreRow) => {
        prefilled[row] = { cache, row, scores, scoreRow, release: () => release(row) };
      });
    }
  } catch (error) {
    kept.forEach((one) => one.dispose());
    throw error;
  }
  return prefilled;
}

/** The step that reads `tokens` tokens of each prompt from `start` on, and the prompts that end in it. */
function piece(prompts: readonly (readonly number[])[], start: number, tokens: number) {
  const rows = prompts.length;
  const ids = new BigInt64Array(rows * tokens);
  const counts = new Int32Array(rows);
  const ending: number[] = [];
  prompts.forEach((prompt, row) => {
    counts[row] = Math.max(0, Math.min(tokens, prompt.length - start));
    for (let token = 0; token < counts[row]; token++) ids[row * tokens + token] = BigInt(prompt[start + token]);
    if (prompt.length > start && prompt.length <= start + tokens) ending.push(row);
  });
  // Only where a prompt ends does its next token matter; the programs want one position at least.
  const chosen = ending.map((row) => BigInt(row * tokens + counts[row] - 1));
  return { ending, tokens, ids, counts, chosen: BigInt64Array.from(chosen.length === 0 ? [0n] : chosen) };
}
