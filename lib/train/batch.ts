/** From tokenized examples to padded batches. */
import type { HeadTargets, TokenBatch } from "../models/mod.ts";
import type { Random } from "../random/mod.ts";

/** Token ids of one text, and which of them are learned. */
export interface TokenizedExample {
  ids: readonly number[];
  /** True where the token is predicted and trained on: completions and their end, never prompts. */
  lossMask: readonly boolean[];
}

/** A batch with the positions whose next token counts. */
export interface TrainingBatch {
  tokens: TokenBatch;
  /** Positions (row * tokens + token) that predict, and what they should predict. */
  wanted: HeadTargets & { rows: number[]; targets: number[] };
  /** Real tokens, without padding. */
  tokenCount: number;
}

/** How rows of a batch are brought to one length. */
export interface CollateOptions {
  /** Where short rows are filled; the numbers of the real tokens are the same. Default `"right"`. */
  paddingSide?: "left" | "right";
}

/**
 * Pads examples to the longest one.
 *
 * @param padTokenId What fills the rest; it is never attended to nor trained on.
 */
export function collate(
  examples: readonly TokenizedExample[],
  padTokenId: number,
  options: CollateOptions = {},
): TrainingBatch {
  return collatePacked(examples.map((example) => [example]), padTokenId, options);
}

/**
 * Rows of several examples each, one after another: every example is a document of its own, with positions from 0, that
 * sees no other.
 *
 * @throws When there is nothing in the batch, or an example's mask has another length than its ids.
 */
export function collatePacked(
  packs: readonly (readonly TokenizedExample[])[],
  padTokenId: number,
  { paddingSide = "right" }: CollateOptions = {},
): TrainingBatch {
  const batch = packs.length;
  const lengths = packs.map((examples) => examples.reduce((sum, { ids }) => sum + ids.length, 0));
  const tokens = Math.max(0, ...lengths);
  if (tokens === 0) throw new Error(`a batch of ${batch} rows without a token: expected at least one example`);
  const ids = new BigInt64Array(batch * tokens).fill(BigInt(padTokenId));
  const positions = new BigInt64Array(batch * tokens);
  const documents = new Int32Array(batch * tokens).fill(-1);
  const rows: number[] = [];
  const targets: number[] = [];
  packs.forEach((examples, row) => {
    let at = row * tokens + (paddingSide === "left" ? tokens - lengths[row] : 0);
    examples.forEach((example, document) => {
      if (example.ids.length !== example.lossMask.length) {
        throw new Error(`row ${row}: ${example.ids.length} ids but a loss mask of ${example.lossMask.length}`);
      }
      example.ids.forEach((id, token) => {
        ids[at] = BigInt(id);
        positions[at] = BigInt(token);
        documents[at] = document;
        // The token before it predicts it; a document's first token is predicted by nothing.
        if (token > 0 && example.lossMask[token]) {
          rows.push(at - 1);
          targets.push(id);
        }
        at++;
      });
    });
  });
  const tokenCount = lengths.reduce((sum, length) => sum + length, 0);
  return { tokens: { batch, tokens, ids, positions, documents }, wanted: { rows, targets }, tokenCount };
}

/**
 * The order in which the rows of a data set are visited: every epoch a new shuffle that depends on the seed and the epoch
 * only, so that a resumed run sees the same rows.
 *
 * @param shuffle Default true; false visits the rows as they stand.
 */
export function epochOrder(count: number, random: Random, epoch: number, shuffle = true): number[] {
  const order = Array.from({ length: count }, (_, row) => row);
  return shuffle ? random.fork("order").fork(epoch).shuffle(order) : order;
}

/**
 * Finds rows that would train nothing, or that the model cannot read, before any work is done.
 *
 * @param name What the rows are called in a message, such as `trainDataset`.
 * @throws Naming the row's index.
 */
export function checkExamples(
  examples: readonly TokenizedExample[],
  name: string,
  { vocabSize, maxPositions }: { vocabSize: number; maxPositions: number },
): void {
  for (const [row, example] of examples.entries()) {
    const problem = problemOf(example, vocabSize, maxPositions);
    if (problem !== null) throw new Error(`${name}, row ${row}: ${problem}`);
  }
}

/** Whether no token is trained on: the first one is not, since nothing predicts it. */
export function trainsNothing(lossMask: readonly boolean[]): boolean {
  return !lossMask.some((trained, token) => trained && token > 0);
}

/** What keeps an example from being trained on; null when nothing does. */
function problemOf({ ids, lossMask }: TokenizedExample, vocabSize: number, maxPositions: number): string | null {
  // A notebook does not check types before it runs.
  if (ids === undefined || lossMask === undefined) {
    return "expected ids and a lossMask; prepareSftDataset makes them of texts and chats";
  }
  if (ids.length !== lossMask.length) return `${ids.length} ids but a loss mask of ${lossMask.length}`;
  if (ids.length > maxPositions) {
    return `${ids.length} tokens, but the model reads at most ${maxPositions}; give a maxLength that cuts it, or leave it out`;
  }
  if (trainsNothing(lossMask)) {
    return lossMask[0]
      ? "its only trained token is the first, which nothing predicts; expected a token before it"
      : "every token is masked, so it would train nothing; was the completion cut off, or is it empty?";
  }
  const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (bad === undefined) return null;
  return `token id ${bad} is outside the model's vocabulary of ${vocabSize}; is the tokenizer the model's own?`;
}

/** Cuts a list into parts of `size`, the last one perhaps shorter. */
export function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));
}
