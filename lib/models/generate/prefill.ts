/** Reads prompts into a cache, several at once, long ones in pieces. */
import type { Decoder, Policy } from "./decoder.ts";
import type { Scores } from "./draws.ts";
import type { KvCache } from "./kv_cache.ts";
import { type PrefixCache, sharedLength } from "./prefix_cache.ts";

/** Tokens that one run of the programs reads in all rows together: enough for matrix products to run at full speed. */
const PREFILL_TOKENS = 2048;

/** Tokens of one row that are read at once: attention holds that many times all earlier tokens. */
const PREFILL_PIECE = 512;

/** What a beginning that prompts share must save to be read apart, in tokens: about the cost of another run. */
const SHARED_TOKENS = 64;

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

/**
 * Reads prompts [prompt][token] together: they should have about as much to read each, since the shorter are padded. What
 * `prefixes` has of a prompt is not read again, and what the others begin with, such as a system prompt, is read once.
 */
export async function prefill(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
  prefixes: PrefixCache | null = null,
): Promise<PrefilledPrompt[]> {
  const rows = prompts.length;
  const cache = await beginnings(decoder, policy, prompts, prefixes);
  const unread = prompts.map((prompt, row) => prompt.slice(cache.lengths[row]));
  const longest = Math.max(...unread.map((ids) => ids.length));
  const prefilled: PrefilledPrompt[] = new Array(rows);
  const kept = new Set<{ dispose(): void }>([cache]);
  const unreleased = new Set<number>(prompts.keys());
  const release = (row: number) => {
    unreleased.delete(row);
    if (unreleased.size === 0) kept.forEach((one) => one.dispose());
  };
  try {
    for (let start = 0; start < longest; start += PREFILL_PIECE) {
      const { ending, ...step } = piece(unread, start, Math.min(PREFILL_PIECE, longest - start));
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

/** How many tokens at the beginning are to be read once for all prompts; each keeps a token of its own at least. */
function sharedTokens(prompts: readonly (readonly number[])[]): number {
  if (prompts.length < 2) return 0;
  const [first, ...others] = prompts;
  const shared = Math.min(...others.map((prompt) => sharedLength(first, prompt, prompt.length - 1)), first.length - 1);
  return shared * others.length < SHARED_TOKENS ? 0 : shared;
}

/** A cache with a row for each prompt, which holds what was read of it before or is read for several at once. */
async function beginnings(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
  prefixes: PrefixCache | null,
): Promise<KvCache> {
  const rows = prompts.length;
  const kept = prompts.map((prompt) => prefixes?.find(prompt) ?? null);
  const others = prompts.filter((_, row) => kept[row] === null);
  const shared = sharedTokens(others);
  if (shared === 0 && others.length === rows) return decoder.cache(rows, rows);
  const [prefix] = shared === 0 ? [] : await prefill(decoder, policy, [others[0].slice(0, shared)]);
  const nothing = { cache: decoder.cache(1, 1), row: 0 };
  const cache = decoder.cache(rows);
  try {
    await cache.join(kept.map((own) => own ?? prefix ?? nothing));
  } catch (error) {
    cache.dispose();
    throw error;
  } finally {
    nothing.cache.dispose();
    prefix?.release();
  }
  return cache;
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
