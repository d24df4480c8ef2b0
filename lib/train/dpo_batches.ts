/** From pairs of completions to padded or packed batches: chosen ones first, as in TRL. */
import type { HeadTargets, TokenBatch } from "../models/mod.ts";
import { checkExamples, collatePacked, type TokenizedExample } from "./batch.ts";
import { bestFitDecreasing } from "./pack.ts";

/** Token ids of a prompt and of two ways to go on from it, the better and the worse one. */
export interface PreferenceExample {
  promptIds: readonly number[];
  chosenIds: readonly number[];
  rejectedIds: readonly number[];
}

/** Log-probabilities of whole completions by the reference. */
export interface ReferenceLogps {
  chosen: readonly number[];
  rejected: readonly number[];
}

/** A micro-batch of pairs. */
export interface PairBatch {
  pairs: readonly PreferenceExample[];
  tokens: TokenBatch;
  wanted: HeadTargets & { rows: number[]; targets: number[] };
  /** Real tokens, without padding. */
  tokenCount: number;
  /**
   * The texts (the chosen ones, then the rejected ones) in the order in which their scored tokens stand in `wanted`.
   */
  order: readonly number[];
  /** Scored tokens of each text; of a chosen one with a scored prompt the prompt's come first. */
  scored: readonly { prompt: number; completion: number }[];
  reference?: ReferenceLogps;
}

/** How pairs become a batch. */
export interface PairBatchOptions {
  padTokenId?: number;
  /** Put several completions, isolated from each other, into one row, none longer than the longest. Default false. */
  packing?: boolean;
  /** Score the prompts of chosen completions too, which ORPO learns. Default false. */
  scorePrompts?: boolean;
}

/** Collates pairs. Rows that are packed hold the same texts as rows that are padded: the loss is the same. */
export function pairBatch(
  pairs: readonly PreferenceExample[],
  { padTokenId = 0, packing = false, scorePrompts = false }: PairBatchOptions = {},
): PairBatch {
  const texts = [
    ...pairs.map(({ promptIds, chosenIds }) => textOf(promptIds, chosenIds, scorePrompts)),
    ...pairs.map(({ promptIds, rejectedIds }) => textOf(promptIds, rejectedIds)),
  ];
  const lengths = texts.map(({ ids }) => ids.length);
  const rows = packing ? bestFitDecreasing(lengths, Math.max(...lengths)) : texts.map((_, text) => [text]);
  const { tokens, wanted, tokenCount } = collatePacked(rows.map((row) => row.map((text) => texts[text])), padTokenId);
  const scored = texts.map((_, text) => {
    const { promptIds, chosenIds, rejectedIds } = pairs[text % pairs.length];
    return text < pairs.length
      ? { prompt: scorePrompts ? promptIds.length - 1 : 0, completion: chosenIds.length }
      : { prompt: 0, completion: rejectedIds.length };
  });
  return { pairs, tokens, wanted, tokenCount, order: rows.flat(), scored };
}

function textOf(promptIds: readonly number[], completionIds: readonly number[], isWhole = false): TokenizedExample {
  return {
    ids: [...promptIds, ...completionIds],
    lossMask: [...promptIds.map(() => isWhole), ...completionIds.map(() => true)],
  };
}

/** Numbers of scored tokens, given in the order of `wanted`, by text: of its prompt and of its completion. */
export function byText(
  { order, scored }: PairBatch,
  flat: ArrayLike<number>,
): { prompt: number[]; completion: number[] }[] {
  const result: { prompt: number[]; completion: number[] }[] = [];
  let at = 0;
  const take = (count: number) => Array.from({ length: count }, () => flat[at++]);
  for (const text of order) {
    const prompt = take(scored[text].prompt);
    result[text] = { prompt, completion: take(scored[text].completion) };
  }
  return result;
}

/** The other way round: numbers by text in the order of `wanted`. */
export function flattened(
  { order }: PairBatch,
  texts: readonly { prompt: readonly number[]; completion: readonly number[] }[],
): Float32Array {
  return Float32Array.from(order.flatMap((text) => [...texts[text].prompt, ...texts[text].completion]));
}

/** Pairs with the rows of the data set that they are from, and lines for the log. */
export interface CutPairs {
  pairs: PreferenceExample[];
  sources: number[];
  notes: string[];
}

/**
 * Cuts the end of completions so that each fits `maxLength` with its prompt. A pair whose prompt leaves no room is left
 * out, as TRL does, and one whose completions have become the same.
 *
 * @param name What the rows are called in a message.
 * @throws When no pair is left.
 */
export function cutPairs(
  examples: readonly PreferenceExample[],
  maxLength: number | null,
  name: string,
): CutPairs {
  const result: CutPairs = { pairs: [], sources: [], notes: [] };
  const [long, same]: [number[], number[]] = [[], []];
  let cut = 0;
  examples.forEach((example, row) => {
    const { promptIds, chosenIds, rejectedIds } = example;
    const room = (maxLength ?? Infinity) - promptIds.length;
    const isCut = chosenIds.length > room || rejectedIds.length > room;
    if (room < 1) return long.push(row);
    const pair = isCut
      ? { promptIds, chosenIds: chosenIds.slice(0, room), rejectedIds: rejectedIds.slice(0, room) }
      : example;
    if (isCut && pair.chosenIds.join() === pair.rejectedIds.join()) return same.push(row);
    if (isCut) cut++;
    result.pairs.push(pair);
    result.sources.push(row);
  });
  if (result.pairs.length === 0 && examples.length > 0) {
    throw new Error(`${name}: maxLength ${maxLength} leaves no pair to learn from; raise it`);
  }
  const all = examples.length;
  if (cut > 0) result.notes.push(`${name}: cut completions of ${cut} of ${all} pairs at maxLength ${maxLength}`);
  if (long.length > 0) {
    result.notes.push(`${name}: ${long.length} of ${all} pairs left out: their prompt fills maxLength (${some(long)})`);
  }
  if (same.length > 0) {
    result.notes.push(`${name}: ${same.length} of ${all} pairs left out: cut, they are the same (${some(same)})`);
  }
  return result;
}

function some(rows: readonly number[]): string {
  return `rows ${rows.slice(0, 5).join(", ")}${rows.length > 5 ? ", ..." : ""}`;
}

/**
 * Finds pairs that cannot be learned from, before any work is done.
 *
 * @throws Naming the row's index.
 */
export function checkPairs(
  examples: readonly PreferenceExample[],
  name: string,
  limits: { vocabSize: number; maxPositions: number },
): void {
  for (const [row, { promptIds, chosenIds, rejectedIds }] of examples.entries()) {
    // A notebook does not check types before it runs.
    if (!promptIds || !chosenIds || !rejectedIds) {
      throw new Error(
        `${name}, row ${row}: expected promptIds, chosenIds and rejectedIds; preparePreferenceDataset makes them of texts ` +
          "and chats",
      );
    }
    if (promptIds.length === 0) {
      throw new Error(`${name}, row ${row}: the prompt has no token; nothing predicts the first`);
    }
  }
  for (const [kind, key] of [["chosen", "chosenIds"], ["rejected", "rejectedIds"]] as const) {
    checkExamples(examples.map((example) => textOf(example.promptIds, example[key])), `${name} (${kind})`, limits);
  }
}

/** All texts of pairs, for a digest. */
export function textsOf(pairs: readonly PreferenceExample[]): TokenizedExample[] {
  return pairs.flatMap(({ promptIds, chosenIds, rejectedIds }) => [
    textOf(promptIds, chosenIds),
    textOf(promptIds, rejectedIds),
  ]);
}
