/** Reads prompts into a cache, several at once, long ones in pieces. */
import type { Decoder, NextTokenScores, Policy } from "./decoder.ts";
import { KvCache } from "./kv_cache.ts";

/** Tokens that one run of the programs reads in all rows together: enough for matrix products to run at full speed. */
const PREFILL_TOKENS = 2048;

/** Tokens of one row that are read at once: attention holds that many times all earlier tokens. */
const PREFILL_PIECE = 512;

/** A prompt that was read: its row in a cache, and the scores of the token that follows it. */
export interface PrefilledPrompt {
  cache: KvCache;
  row: number;
  scores: NextTokenScores;
  scoreRow: number;
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
  const cache = new KvCache(decoder.model.engine, decoder.model.config, rows, rows);
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const prefilled: PrefilledPrompt[] = new Array(rows);
  for (let start = 0; start < longest; start += PREFILL_PIECE) {
    const tokens = Math.min(PREFILL_PIECE, longest - start);
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
    const step = { tokens, ids, counts, chosen: BigInt64Array.from(chosen.length === 0 ? [0n] : chosen) };
    const scores = await decoder.run(policy, cache, step);
    ending.forEach((row, scoreRow) => prefilled[row] = { cache, row, scores, scoreRow });
  }
  cache.releaseFeeds();
  return prefilled;
}
