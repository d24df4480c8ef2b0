import { SplitPreTokenizer } from "@huggingface/tokenizers";
import { characterOfByte } from "./byte_alphabet.ts";
import { PairHeap } from "./pair_heap.ts";

/**
 * How text is cut into words before merging, as in Qwen2 and later: English contractions, letters with one character
 * before them, single digits, punctuation with the line ends after it, and white space. No merge crosses these cuts.
 */
export const qwenSplitPattern = String
  .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** A token that text never makes by itself. */
export interface AddedToken {
  content: string;
  /** Left out when decoding with `skipSpecialTokens`. Default true. */
  special?: boolean;
}

export interface TrainBpeOptions {
  /** The corpus. It is read once. */
  texts: Iterable<string> | AsyncIterable<string>;
  /** Tokens in all: added tokens, 256 bytes, and the rest merges. Fewer when the corpus has no more pairs to merge. */
  vocabSize: number;
  /** They get the first ids, in this order; their text in the corpus is no part of any word. Default: none. */
  addedTokens?: readonly AddedToken[];
  /** A pair that stands less often is not merged. Default 2. */
  minFrequency?: number;
  /** Cuts text into words. Default {@link qwenSplitPattern}. */
  splitPattern?: string;
  /** Told from time to time how many of `vocabSize` tokens there are. */
  onProgress?: (tokens: number) => void;
  signal?: AbortSignal;
}

/** A trained byte-level encoding: what `tokenizerFiles` makes the files of. */
export interface TrainedBpe {
  /** Tokens by id. */
  vocabulary: string[];
  /** In the order in which they are applied. */
  merges: [left: string, right: string][];
  addedTokens: Required<AddedToken>[];
  splitPattern: string;
}

/**
 * Trains a byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): beginning with single bytes, again
 * and again the most frequent pair of neighbouring tokens becomes a token. Gives the same merges, in the same order, as
 * the trainer of Hugging Face's tokenizers with the 256 bytes as initial alphabet; of equally frequent pairs that with
 * the smaller ids comes first. Texts are normalised to NFC. Time grows with the number of different words: 4,000 merges
 * on 20 MB take some seconds.
 *
 * @throws {RangeError} when `vocabSize` leaves no room for bytes and added tokens
 */
export async function trainBpe(options: TrainBpeOptions): Promise<TrainedBpe> {
  const { vocabSize, minFrequency = 2, splitPattern = qwenSplitPattern, onProgress, signal } = options;
  const addedTokens = (options.addedTokens ?? []).map(({ content, special = true }) => ({ content, special }));
  const vocabulary = [...addedTokens.map(({ content }) => content), ...[...characterOfByte].sort()];
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  if (idOf.size < vocabulary.length) throw new RangeError("An added token is named twice, or is a single byte.");
  if (vocabSize < vocabulary.length || vocabSize > maxVocabulary) {
    throw new RangeError(
      `vocabSize is ${vocabSize}; it must hold 256 bytes and ${addedTokens.length} added tokens, and be at most ${maxVocabulary}.`,
    );
  }

  const frequencies = await countWords(options.texts, splitPattern, addedTokens.map(({ content }) => content), signal);
  const words = [...frequencies.keys()].map((word) => bytesOf(word, idOf));
  const counts = [...frequencies.values()];
  const pairCounts = new Map<number, number>();
  const heap = new PairHeap();
  fillHeap(words, counts, pairCounts, heap);

  const merges: TrainedBpe["merges"] = [];
  for (let top = heap.pop(); top !== undefined && vocabulary.length < vocabSize; top = heap.pop()) {
    // Counts fall when neighbours merge; the heap learns of it only here.
    const count = pairCounts.get(top.key)!;
    if (top.count !== count) {
      if (count > 0) heap.push({ ...top, count });
      continue;
    }
    if (count < Math.max(1, minFrequency)) break;
    const left = Math.floor(top.key / maxVocabulary);
    const right = top.key % maxVocabulary;
    const token = vocabulary[left] + vocabulary[right];
    // Two different pairs may make the same token.
    const id = idOf.get(token) ?? vocabulary.push(token) - 1;
    idOf.set(token, id);
    merges.push([vocabulary[left], vocabulary[right]]);

    const wordsOfNewPair = new Map<number, number[]>();
    for (const w of top.words) {
      mergeInWord(words[w], left, right, id, (key, change) => {
        pairCounts.set(key, (pairCounts.get(key) ?? 0) + change * counts[w]);
        if (change < 0) return;
        const holders = wordsOfNewPair.get(key);
        if (holders === undefined) wordsOfNewPair.set(key, [w]);
        else if (holders[holders.length - 1] !== w) holders.push(w);
      });
    }
    for (const [key, holders] of wordsOfNewPair) {
      const count = pairCounts.get(key)!;
      if (count > 0) heap.push({ key, count, words: holders });
    }
    if (merges.length % 100 === 0) {
      onProgress?.(vocabulary.length);
      await letOthersWork();
      signal?.throwIfAborted();
    }
  }
  onProgress?.(vocabulary.length);
  return { vocabulary, merges, addedTokens, splitPattern };
}

/** Two ids make one key; their product stays an exact number. */
const maxVocabulary = 1 << 20;

function pairKey(left: number, right: number): number {
  return left * maxVocabulary + right;
}

function letOthersWork(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** How often each word stands in the corpus. */
async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  splitPattern: string,
  addedTokens: string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  // The same splitter as in encoding: it reads the pattern as Oniguruma does, whose white space differs a little from
  // JavaScript's.
  const splitter = new SplitPreTokenizer({
    type: "Split",
    pattern: { Regex: splitPattern },
    behavior: "Isolated",
    invert: false,
  });
  const longestFirst = addedTokens.toSorted((a, b) => b.length - a.length);
  const added = longestFirst.length === 0
    ? undefined
    : new RegExp(longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "u");
  const frequencies = new Map<string, number>();
  for await (const text of texts) {
    signal?.throwIfAborted();
    for (const part of added === undefined ? [text] : text.split(added)) {
      for (const word of splitter.pre_tokenize_text(part.normalize("NFC"))) {
        frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
      }
    }
  }
  return frequencies;
}

/** The tokens of a word, changed in place as pairs merge. */
interface Word {
  tokens: Int32Array;
  length: number;
}

function bytesOf(word: string, idOf: ReadonlyMap<string, number>): Word {
  const tokens = Int32Array.from(new TextEncoder().encode(word), (byte) => idOf.get(characterOfByte[byte])!);
  return { tokens, length: tokens.length };
}

function fillHeap(words: Word[], counts: number[], pairCounts: Map<number, number>, heap: PairHeap): void {
  const wordsOfPair = new Map<number, number[]>();
  for (const [w, { tokens }] of words.entries()) {
    for (let i = 1; i < tokens.length; i++) {
      const key = pairKey(tokens[i - 1], tokens[i]);
      pairCounts.set(key, (pairCounts.get(key) ?? 0) + counts[w]);
      const holders = wordsOfPair.get(key);
      if (holders === undefined) wordsOfPair.set(key, [w]);
      else if (holders[holders.length - 1] !== w) holders.push(w);
    }
  }
  for (const [key, holders] of wordsOfPair) heap.push({ key, count: pairCounts.get(key)!, words: holders });
}

/** Replaces each `left`, `right` in a word by `id`, and tells which neighbouring pairs went (-1) and came (+1). */
function mergeInWord(
  word: Word,
  left: number,
  right: number,
  id: number,
  changed: (key: number, change: 1 | -1) => void,
): void {
  const { tokens } = word;
  let to = 0;
  for (let from = 0; from < word.length; from++) {
    if (tokens[from] !== left || from + 1 >= word.length || tokens[from + 1] !== right) {
      tokens[to++] = tokens[from];
      continue;
    }
    if (to > 0) {
      changed(pairKey(tokens[to - 1], left), -1);
      changed(pairKey(tokens[to - 1], id), 1);
    }
    from++;
    if (from + 1 < word.length) {
      changed(pairKey(right, tokens[from + 1]), -1);
      changed(pairKey(id, tokens[from + 1]), 1);
    }
    tokens[to++] = id;
  }
  word.length = to;
}
