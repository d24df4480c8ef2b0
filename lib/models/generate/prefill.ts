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

/** Fewer tokens than these are not worth a run of the programs, whatever else waits. */
const SMALLEST_PIECE = 16;

/** A prompt that was read: its row in a cache, and the scores of the token that follows it. */
export interface PrefilledPrompt {
  cache: KvCache;
  row: number;
  scores: Scores;
  scoreRow: number;
  /** Tokens of it that `prefixes` had. */
  cachedTokens: number;
  /** Says that this prompt needs neither any more; what prompts read together share goes with the last of them. */
  release(): void;
}

/** How prompts are read. */
export interface PrefillOptions {
  /** What was read before. Default: nothing. */
  prefixes?: PrefixCache | null;
  /** 1 / temperature of each prompt's scores. Default: the policy's. */
  inverseTemperatures?: readonly number[];
  /** Tokens that the next piece may read in all rows together; asked before each. Default: as many as pay. */
  pieceTokens?: () => number;
}

/** How many prompts can be read together when the longest has this many tokens. */
export function prefillRows(longest: number): number {
  return Math.max(1, Math.floor(PREFILL_TOKENS / Math.min(longest, PREFILL_PIECE)));
}

/** Reads prompts as `readPrompts` does, without a pause. */
export async function prefill(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
  prefixes: PrefixCache | null = null,
): Promise<PrefilledPrompt[]> {
  const reading = readPrompts(decoder, policy, prompts, { prefixes });
  for (;;) {
    const read = await reading.next();
    if (read.done) return read.value;
  }
}

/**
 * Reads prompts [prompt][token] together, and yields after each piece but the last how many tokens it had, padding included.
 * The prompts should have about as much to read each, since the shorter are padded. What `prefixes` has of a prompt is not read
 * again, and what the others begin with, such as a system prompt, is read once. Who stops in the midst frees all of it.
 */
export async function* readPrompts(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
  options: PrefillOptions = {},
): AsyncGenerator<number, PrefilledPrompt[]> {
  const { inverseTemperatures, pieceTokens = () => Infinity } = options;
  const rows = prompts.length;
  const { cache, cachedTokens } = yield* beginnings(decoder, policy, prompts, options);
  const unread = prompts.map((prompt, row) => prompt.slice(cache.lengths[row]));
  const longest = Math.max(...unread.map((ids) => ids.length));
  const prefilled: PrefilledPrompt[] = new Array(rows);
  const kept = new Set<{ dispose(): void }>([cache]);
  const unreleased = new Set<number>(prompts.keys());
  const release = (row: number) => {
    unreleased.delete(row);
    if (unreleased.size === 0) kept.forEach((one) => one.dispose());
  };
  let isRead = false;
  try {
    for (let start = 0; start < longest;) {
      const tokens = Math.min(
        PREFILL_PIECE,
        Math.max(SMALLEST_PIECE, Math.floor(pieceTokens() / rows)),
        longest - start,
      );
      const { ending, ...step } = piece(unread, start, tokens, inverseTemperatures);
      const scores = await decoder.run(policy, cache, step);
      kept.add(scores);
      ending.forEach((row, scoreRow) => {
        const own = { cache, row, scores, scoreRow, cachedTokens: cachedTokens[row] };
        prefilled[row] = { ...own, release: () => release(row) };
      });
      start += tokens;
      if (start < longest) yield rows * tokens;
    }
    isRead = true;
    return prefilled;
  } finally {
    if (!isRead) kept.forEach((one) => one.dispose());
  }
}

/** How many tokens at the beginning are to be read once for all prompts; each keeps a token of its own at least. */
function sharedTokens(prompts: readonly (readonly number[])[]): number {
  if (prompts.length < 2) return 0;
  const [first, ...others] = prompts;
  const shared = Math.min(...others.map((prompt) => sharedLength(first, prompt, prompt.length - 1)), first.length - 1);
  return shared * others.length < SHARED_TOKENS ? 0 : shared;
}

/** A cache with a row for each prompt, which holds what was read of it before or is read for several at once. */
async function* beginnings(
  decoder: Decoder,
  policy: Policy,
  prompts: readonly (readonly number[])[],
  { prefixes, pieceTokens }: PrefillOptions,
): AsyncGenerator<number, { cache: KvCache; cachedTokens: number[] }> {
  const rows = prompts.length;
  const kept = prompts.map((prompt) => prefixes?.find(prompt) ?? null);
  const cachedTokens = kept.map((own) => own?.length ?? 0);
  const others = prompts.filter((_, row) => kept[row] === null);
  const shared = sharedTokens(others);
  if (shared === 0 && others.length === rows) return { cache: decoder.cache(rows, rows), cachedTokens };
  const beginning = others.slice(0, 1).map((prompt) => prompt.slice(0, shared));
  const [prefix] = shared === 0 ? [] : yield* readPrompts(decoder, policy, beginning, { pieceTokens });
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
  return { cache, cachedTokens };
}

/** The step that reads `tokens` tokens of each prompt from `start` on, and the prompts that end in it. */
function piece(
  prompts: readonly (readonly number[])[],
  start: number,
  tokens: number,
  inverseTemperatures: readonly number[] | undefined,
) {
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
  if (chosen.length === 0) return { ending, tokens, ids, counts, chosen: BigInt64Array.of(0n) };
  const own = inverseTemperatures && Float32Array.from(ending, (row) => inverseTemperatures[row]);
  return { ending, tokens, ids, counts, chosen: BigInt64Array.from(chosen), inverseTemperatures: own };
}
